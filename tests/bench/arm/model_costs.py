"""Makes the cost profiles of Arm targets without an Arm machine: `./dev bench arm costs`.

Layers run under emulation, and a plugin of qemu counts which blocks of instructions each of them executes. A block takes
the cycles that a model of the core gives it (block_cycles.py), all data in L1; a cache line from L2 takes LINE_CYCLES
more. That is fitted as measured times are. A cycle counts as a nanosecond. See docs/cost-model.md."""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

from block_cycles import cycles_of

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build" / "bench-arm"
PROFILES = ROOT / "converter" / "cost" / "builtin_profiles.json"

Target = collections.namedtuple("Target", "preset emulator cpu objdump core l2_bytes line_cycles")
ARM64 = ("linux-arm64", "qemu-aarch64", "cortex-a53", "aarch64-linux-gnu-objdump")
# l2_bytes are what a core of a phone has near it, alone or shared; line_cycles are an assumption: an in-order core waits for most
# of a line's way from L2, one that is out of order for a small part.
TARGETS = {
    "arm64-little": Target(*ARM64, "cortex-a55", 512 << 10, 10),
    "arm64-big": Target(*ARM64, "neoverse-n1", 512 << 10, 3),
    "armv7": Target("linux-armhf", "qemu-arm", "cortex-a7", "arm-linux-gnueabihf-objdump", "cortex-a7", 512 << 10, 12),
}


def call(*command, stdin=None):
    done = subprocess.run([str(c) for c in command], input=stdin, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    sys.stderr.write(done.stderr)
    return done.stdout


def emulate(target, command="run"):
    """([what a sample is], [{block: executions}]) of all samples."""
    plugin, counts = FOLDER / "count_plugin.so", FOLDER / f"{target.preset}.txt"
    call("cc", "-shared", "-fPIC", "-O2", pathlib.Path(__file__).with_name("count_plugin.c"), "-o", plugin)
    written = call(target.emulator, "-cpu", target.cpu, "-plugin", f"{plugin},out={counts},mark=clock_ns,intervals=on",
                   ROOT / "build" / target.preset / "bin" / "cost_samples", command)
    intervals, current = [], {}
    with open(counts) as lines:
        for line in lines:
            kind, *numbers = line.split("\t")
            if kind == "mark":
                intervals.append(current)
                current = {}
            else:
                address, length, executions = map(int, numbers)
                current[address, length] = executions
    samples = written.splitlines()
    runs = intervals[1::2]  # before the first reading of the clock a layer is made
    assert len(runs) == len(samples), "each run reads the clock twice"
    return samples, runs


def modelled(target, runs):
    """Cycles of each run on the target's core."""
    keys = {key for run in runs for key in run}
    cycles = cycles_of(keys, ROOT / "build" / target.preset / "bin" / "cost_samples", target.objdump, target.core)
    unknown = sum(n * key[1] for run in runs for key, n in run.items() if key not in cycles)
    assert unknown == 0, f"{unknown} instructions are not in the program"
    return [sum(cycles[key] * n for key, n in run.items()) for run in runs]


def compare(name):
    """{layer: {density: (modelled cycles, nanoseconds that the profile predicts)}} on a target; density 1 is dense."""
    target = TARGETS[name]
    samples, runs = emulate(target, "compare")
    layers, densities, lines = zip(*(sample.split("\t") for sample in samples))
    predicted = call(ROOT / "build/native/bin/cost_samples", "predict", name, stdin="\n".join(lines)).split()
    result = collections.defaultdict(dict)
    for layer, density, cycles, ns in zip(layers, densities, modelled(target, runs), predicted):
        result[layer][float(density)] = cycles, float(ns)
    return result


def profile_of(name, target, samples, runs):
    lines = "\n".join(f"{sample} {cycles}" for sample, cycles in zip(samples, modelled(target, runs)))
    how = "by llvm-mca 19" if target.core != "cortex-a7" else "by a table"
    fitted = call(ROOT / "build/native/bin/cost_samples", "fit", name, f"{target.core}, modelled {how}", target.l2_bytes,
                  target.line_cycles, stdin=lines)
    return json.loads(fitted)["profiles"][0]


def main():
    parser = argparse.ArgumentParser(prog="./dev bench arm costs", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET", help=f"of {', '.join(TARGETS)}")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    book = json.loads(PROFILES.read_text())
    profiles = {profile["name"]: profile for profile in book["profiles"]}
    emulated = {}
    for name in arguments.targets:
        target = TARGETS[name]
        if target.preset not in emulated:
            emulated[target.preset] = emulate(target)
        profiles[name] = profile_of(name, target, *emulated[target.preset])
    book["profiles"] = list(profiles.values())
    PROFILES.write_text(json.dumps(book, indent=1) + "\n")


if __name__ == "__main__":
    main()
