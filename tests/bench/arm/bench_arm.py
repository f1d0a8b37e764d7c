"""Counts what an emulated Arm executes for one inference, and models how long its inner loops take: `./dev bench --arm`.

The difference between two inferences and one is what is counted, so that loading and preparing a model cancel. An
instruction is one of qemu's guest; cycles are llvm-mca's steady state of a loop. Neither is a time."""
import argparse
import collections
import datetime
import json
import pathlib
import re
import shlex
import subprocess
import sys

import model_costs

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / "build" / "bench-arm"
PROGRAM = ROOT / "build" / "linux-arm64" / "bin" / "count_run"
CLI = PROGRAM.with_name("lacuna")
NETWORKS = ["pose_detection", "face_detection_full_range_sparse", "face_detection_full_range", "vww_96_float"]
CORES = ["cortex-a55", "neoverse-n1", "neoverse-v1"]
# The common way of a sparse row on Arm, as a bar for ours: an entry has a weight and the byte offset of the next column,
# and is multiplied with 32 pixels. A loop of one entry, in the order in which a compiler writes it.
REFERENCE_PIXELS = 32
REFERENCE = """ldr w2, [x1], #4
add x0, x0, w2, sxtw
ldp q16, q17, [x0]
ldp q18, q19, [x0, #32]
ldp q20, q21, [x0, #64]
ldp q22, q23, [x0, #96]
ld1r {v24.4s}, [x4], #4
""" + "".join(f"fmla v{i}.4s, v{16 + i}.4s, v24.4s\n" for i in range(8)) + "subs x5, x5, #1\nb.ne 0\n"

Block = collections.namedtuple("Block", "instructions executions loaded stored symbol")


def call(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout


def build_plugin():
    plugin = FOLDER / "count_plugin.so"
    call("cc", "-shared", "-fPIC", "-O2", pathlib.Path(__file__).with_name("count_plugin.c"), "-o", plugin)
    return plugin


class Counter:
    """Runs the counted program on an emulated CPU."""

    def __init__(self, cpu):
        self.cpu, self.plugin = cpu, build_plugin()

    def count(self, model, runs, *options, mark=None):
        """(blocks by address and length, marks, what the program wrote)."""
        out = FOLDER / "counts.txt"
        plugin = f"{self.plugin},out={out}" + (f",mark={mark}" if mark else "")
        written = call("qemu-aarch64", "-cpu", self.cpu, "-plugin", plugin, PROGRAM, model, runs, *options)
        blocks, marks = {}, []
        for line in out.read_text().splitlines():
            kind, *fields = line.split("\t")
            if kind == "mark":
                marks.append(int(fields[0]))
            else:
                address, *numbers = map(int, fields[:-1])
                blocks[address, numbers[0]] = Block(*numbers, fields[-1])
        return blocks, marks, written

    def inference(self, model):
        """Blocks of one inference."""
        one, two = (self.count(model, runs)[0] for runs in (1, 2))
        none = Block(0, 0, 0, 0, "")
        result = {}
        for key, block in two.items():
            before = one.get(key, none)
            if block.executions > before.executions:
                result[key] = block._replace(executions=block.executions - before.executions,
                                             loaded=block.loaded - before.loaded, stored=block.stored - before.stored)
        return result

    def steps(self, model):
        """(name, operator, kernel, packing, non-zero multiply-adds, instructions) of each step."""
        _, marks, written = self.count(model, 1, "profile", mark="clock_ns")
        lines = [line.split("\t") for line in written.splitlines()]
        assert len(marks) == 2 * len(lines), "each step reads the clock twice"
        return [(name, op, kernel, packing, int(nonzero), marks[2 * i + 1] - marks[2 * i])
                for i, (name, op, kernel, packing, _, nonzero) in enumerate(lines)]


def total(blocks):
    return sum(key[1] * block.executions for key, block in blocks.items())


def loaded(blocks):
    return sum(block.loaded for block in blocks.values())


def plain_names(symbols):
    return dict(zip(symbols, subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True,
                                            check=True).stdout.splitlines()))


def by_function(blocks):
    """[(function, instructions, bytes loaded)], most first."""
    sums = collections.defaultdict(lambda: [0, 0])
    for (_, length), block in blocks.items():
        sums[block.symbol][0] += length * block.executions
        sums[block.symbol][1] += block.loaded
    names = plain_names(list(sums))
    rows = [(re.sub(r"lacuna::|\(anonymous namespace\)::|\(.*", "", names[s]), *n) for s, n in sums.items()]
    return sorted(rows, key=lambda row: -row[1])


def loop_around(address):
    """The instructions of the innermost loop around an address; a block may be a part of one, as pages end."""
    reach = 4096
    text = call("aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", f"--start-address={address - reach}",
                f"--stop-address={address + reach}", PROGRAM)
    code = {int(at, 16): line for at, line in re.findall(r"^\s+([0-9a-f]+):\s+(.*)$", text, re.M)}
    loops = []
    for at, line in code.items():
        branch = re.match(r"(?:b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+([0-9a-f]+)", line)
        if branch and int(branch[1], 16) <= address <= at:
            loops.append((at - int(branch[1], 16), int(branch[1], 16), at))
    if not loops:
        return []
    _, first, last = min(loops)
    return [re.sub(r"\s*(<.*|//.*)$", "", code[at]).replace("\t", " ") for at in range(first, last + 4, 4)]


def modelled_cycles(lines, core):
    """Of one turn of a loop, in its steady state."""
    turns = 200
    asm = "\n".join(re.sub(r"^(b\.\w+|cb\w+ \w+,|tb\w+ \w+, #\d+,) .*", r"\1 0", line) for line in lines)
    done = subprocess.run(["llvm-mca-19", "-mtriple=aarch64", f"-mcpu={core}", f"-iterations={turns}"], input=asm,
                          capture_output=True, text=True)
    found = re.search(r"Total Cycles:\s+(\d+)", done.stdout)
    if not found:
        sys.exit(f"llvm-mca-19 cannot read a loop:\n{done.stderr}")
    return int(found[1]) / turns


class Loop:
    """A hot block that is a loop of its own."""

    def __init__(self, key):
        self.lines = loop_around(key[0])
        self.instructions = len(self.lines)
        self.products = sum(line.startswith("fmla") for line in self.lines)
        self.cycles = {core: modelled_cycles(self.lines, core) for core in CORES} if self.products else {}

    def per_eight(self, core):
        """Cycles for eight products of a vector: what a non-zero and 32 pixels take."""
        return self.cycles[core] * 8 / self.products


def hot_loops(blocks, wanted):
    """The most executed block of products in each function whose name contains one of `wanted`."""
    best = {}
    for key, block in blocks.items():
        for name in wanted:
            if name in block.symbol and key[1] >= 16:
                work = key[1] * block.executions
                if work > best.get(name, (0, None))[0]:
                    best[name] = (work, key)
    loops = {name: Loop(key) for name, (_, key) in best.items()}
    return {name: loop for name, loop in loops.items() if loop.products}


def million(n):
    return f"{n / 1e6:.1f}"


def table(head, rows):
    return "\n".join(["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] + ["--:"] * (len(head) - 1)) + " |"] +
                     ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def peer_count(program, model, cpu):
    """The last word that the program writes: million instructions."""
    return float(call(*shlex.split(program), model, cpu).split()[-1])


def convert(path, to, target, dtype="f32"):
    call(ROOT / "build/native/bin/lacuna", "convert", path, "-o", to, "--target", target, "--dtype", dtype, "--force", "--quiet")


def largest_error(model, source, cpu):
    """Of all outputs, against the reference operators, as part of the output's largest value."""
    report = json.loads(call("qemu-aarch64", "-cpu", cpu, CLI, "compare", model, source, "--rtol", "1", "--json", "--quiet"))
    return max(output["max_rel_error"] for output in report["outputs"])


def halves_row(counter, path, floats, arguments):
    """A row of the table of halves; `floats`: instructions in fp32."""
    model = FOLDER / f"{path.stem}_f16.lcn"
    convert(path, model, arguments.target, "f16")
    blocks = counter.inference(model)
    row = [path.stem, million(floats), million(total(blocks)), f"{total(blocks) / floats:.2f}", million(loaded(blocks)),
           f"{100 * largest_error(model, path, arguments.cpu):.2f}"]
    print("f16", *row, sep="\t", flush=True)
    if arguments.steps:
        print_steps(counter, model)
    return row


def print_steps(counter, model):
    for name, op, kernel, packing, nonzero, instructions in counter.steps(model):
        print(f"{instructions:10d} {instructions / max(nonzero, 1):8.2f} {op:14s} {kernel:34s} {packing:12s} {name}")


LOOPS = {"multiply_lanesILi16ELb0ELb0": "sparse rows, 64 pixels", "multiply_runsILi8ELi8ELi3ELb0": "dense rows, 8 x 12 pixels"}


def loops_text(blocks):
    reference = {core: modelled_cycles(REFERENCE.splitlines(), core) for core in CORES}
    reference_lines = REFERENCE.splitlines()
    rows = [["the common sparse loop", f"{len(reference_lines) / 8:.2f}", *(f"{reference[c]:.1f}" for c in CORES)]]
    parts = []
    for symbol, loop in hot_loops(blocks, LOOPS).items():
        rows.append([LOOPS[symbol], f"{loop.instructions / loop.products:.2f}", *(f"{loop.per_eight(c):.1f}" for c in CORES)])
        kinds = collections.Counter(line.split()[0] for line in loop.lines).most_common()
        parts.append(f"- {LOOPS[symbol]}: {loop.instructions} instructions a turn, {loop.products} products of 4 lanes: "
                     + ", ".join(f"{n} {name}" for name, n in kinds) + "\n\n```\n" + "\n".join(loop.lines) + "\n```\n")
    head = ["loop", "instructions for a product of 4 lanes"] + [f"{core}: cycles for 8 products" for core in CORES]
    return table(head, rows) + "\n", "\n".join(parts) + "\n"


def break_even(costs):
    """Density at which sparse rows cost what dense ones do, on the line through the two densities around it."""
    dense, points = costs[1.0], sorted((d, c) for d, c in costs.items() if d < 1)
    for (d0, c0), (d1, c1) in zip(points, points[1:]):
        if c1 >= dense or d1 == points[-1][0]:
            return d0 + (d1 - d0) * (dense - c0) / (c1 - c0)


def zeros(density):
    return f"{100 * (1 - density):.0f} %"


def sparse_text(name):
    """Sparse against dense layers on a target's core, and what its cost profile says of that."""
    layers = model_costs.compare(name)
    densities = sorted((d for d in next(iter(layers.values())) if d < 1), reverse=True)
    rows = []
    for layer, costs in layers.items():
        cycles, predicted = ({d: both[i] for d, both in costs.items()} for i in (0, 1))
        rows.append([layer, f"{cycles[1.0] / 1e3:.0f}", *(f"{cycles[d] / cycles[1.0]:.2f}" for d in densities),
                     zeros(break_even(cycles)), zeros(break_even(predicted))])
    head = ["layer", "dense, thousand cycles", *(f"{zeros(d)} zeros" for d in densities), "sparse from", "says the profile"]
    return f"""## Sparse layers on a core in order

Modelled cycles on {model_costs.TARGETS[name].core} of single layers whose zeros lie at random, in sparse rows over in dense ones, all data in L1; and the part of zeros
from which sparse rows take fewer: by these cycles, and by the built-in cost profile `{name}`, which decides when a file is converted and also counts what comes from L2.

{table(head, rows)}

"""


def halves_text(rows):
    if not rows:
        return ""
    head = ["network", "fp32, million", "halves, million", "halves / fp32", "MB loaded", "largest error, %"]
    return f"""## Halves

Files made with `--dtype f16`. The error is what `lacuna compare` says on this CPU: of any output from the reference operators in fp32, as part of that
output's largest value, for the input that it makes.

{table(head, rows)}

"""


def document(rows, halves, sparse, functions, loops, arguments):
    summary, listings = loops
    has_peer = bool(arguments.peer)
    head = ["network", "Lacuna, million"] + (["peer, million", "Lacuna / peer"] if has_peer else []) + ["MB loaded", "MB stored"]
    return f"""# Benchmarks on Arm

This page is written by `./dev bench --arm --write-docs`. No Arm machine was at hand: what stands here are instructions under
emulation and modelled cycles, and neither is a time.

- An *instruction* is one that qemu executes for the program `count_run` (fp32, one thread) on an emulated {arguments.cpu}. What two
  inferences execute less what one does is one inference; a plugin of our own counts (`tests/bench/arm/count_plugin.c`), the same every time.
- *Loaded* and *stored* are bytes that instructions move, from wherever: mostly L1.
- *Modelled cycles* are the steady state of a loop in llvm-mca 19: cortex-a55 in order, neoverse-n1 (which stands for Cortex-A76) and
  neoverse-v1 out of order, all data in L1.
- The peer is whatever program `--peer` names; it is called with a model and a CPU and says how many million instructions an inference takes.

## Instructions

{table(head, rows)}

{datetime.date.today()}: `./dev bench --arm --models DIR{" --peer PROGRAM" if has_peer else ""} --cpu {arguments.cpu} --target {arguments.target}{" --halves" if halves else ""}{" --sparse" if sparse else ""} --write-docs`

{halves_text(halves)}{sparse}## Where they go

{functions}
## Inner loops

8 products of 4 lanes are what a non-zero and 32 pixels take. The common sparse loop has one entry of 8 bytes for 32 pixels in a turn
(`REFERENCE` in `tests/bench/arm/bench_arm.py`); ours are found in the running program, by how often they run.

{summary}
{listings}"""


def parse():
    parser = argparse.ArgumentParser(
        prog="./dev bench --arm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  ./dev bench --arm --models models --write-docs\n  ./dev bench --arm --steps net.tflite")
    parser.add_argument("networks", nargs="*", metavar="MODEL", help="files to convert and count (default: the four of the page)")
    parser.add_argument("--models", type=pathlib.Path, default=ROOT / "build" / "demo" / "models", metavar="DIR",
                        help="where the networks of the page lie (%(default)s)")
    parser.add_argument("--cpu", default="cortex-a76", help="of qemu-aarch64 (%(default)s)")
    parser.add_argument("--target", default="arm64-little", help="of the converter (%(default)s)")
    parser.add_argument("--peer", metavar="PROGRAM", help="called as PROGRAM MODEL CPU; its last word is million instructions")
    parser.add_argument("--steps", action="store_true", help="print what each step of a network takes")
    parser.add_argument("--sparse", action="store_true", help="model single layers, sparse and dense, on the target's core")
    parser.add_argument("--halves", action="store_true", help="count files of halves as well")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks-arm.md")
    return parser.parse_args()


def main():
    arguments = parse()
    FOLDER.mkdir(parents=True, exist_ok=True)
    paths = [pathlib.Path(n) for n in arguments.networks] or [arguments.models / f"{n}.tflite" for n in NETWORKS]
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        sys.exit(f"not there: {', '.join(missing)}; --models names their folder")
    counter = Counter(arguments.cpu)
    rows, halves, functions, all_blocks = [], [], "", {}
    for path in paths:
        model = FOLDER / f"{path.stem}.lcn"
        convert(path, model, arguments.target)
        blocks = counter.inference(model)
        row = [path.stem, million(total(blocks))]
        if arguments.peer:
            peer = peer_count(arguments.peer, path, arguments.cpu)
            row += [f"{peer:.1f}", f"{total(blocks) / 1e6 / peer:.2f}"]
        row += [million(loaded(blocks)), million(sum(block.stored for block in blocks.values()))]
        rows.append(row)
        print("\t".join(row), flush=True)
        if arguments.steps:
            print_steps(counter, model)
        if arguments.halves:
            halves.append(halves_row(counter, path, total(blocks), arguments))
        top = [[f"`{name}`", million(n), million(b)] for name, n, b in by_function(blocks)[:8]]
        functions += f"{path.stem}\n\n{table(['function', 'million instructions', 'MB loaded'], top)}\n\n"
        for key, block in blocks.items():
            before = all_blocks.get(key, block._replace(executions=0))
            all_blocks[key] = block._replace(executions=block.executions + before.executions)
    sparse = sparse_text(arguments.target) if arguments.sparse else ""
    print(sparse)
    if arguments.write_docs:
        page = document(rows, halves, sparse, functions, loops_text(all_blocks), arguments)
        (ROOT / "docs" / "benchmarks-arm.md").write_text(page)


if __name__ == "__main__":
    main()
