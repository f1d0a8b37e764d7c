"""Calls the `lacuna` program, whose path is in the environment variable LACUNA."""
import json
import os
import pathlib
import subprocess

import numpy as np

PROGRAM = os.environ.get("LACUNA", "build/native/bin/lacuna")


def call(*arguments, check=True, program=(PROGRAM,)):
    """Runs `lacuna ARGUMENTS`, or another `program` that is such; a CompletedProcess with text. With `check` a failure raises with what the program said."""
    done = subprocess.run([*program, *map(str, arguments)], capture_output=True, text=True, timeout=600)
    if check and done.returncode != 0:
        raise AssertionError(f"lacuna {' '.join(map(str, arguments))}: exit code {done.returncode}\n{done.stderr}")
    return done


def convert(source, output, *options):
    call("convert", source, "-o", output, "--force", "--quiet", *options)


def run(model, inputs, folder, *options, program=(PROGRAM,)):
    """Outputs of a model, in its order, for {name: array}."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arguments = []
    for i, (name, array) in enumerate(inputs.items()):
        path = folder / f"input_{i}.npy"
        np.save(path, np.ascontiguousarray(array))
        arguments += ["--input", f"{name}={path}"]
    call("run", model, *arguments, "--output-dir", folder / "outputs", "--force", *options,
         program=program)
    paths = sorted((folder / "outputs").glob("*.npy"), key=lambda path: int(path.stem))
    return [np.load(path) for path in paths]


def isas(program=(PROGRAM,)):
    """Names of the instruction-set tiers of this machine, lowest first."""
    return json.loads(call("doctor", "--json", program=program).stdout)["isas"]


def largest_error(actual, expected):
    """Largest difference over the largest absolute value that is expected."""
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    assert np.array_equal(np.isfinite(actual), np.isfinite(expected)), "places of infinities or NaN differ"
    largest = max(float(np.max(np.abs(expected), initial=0)), 1e-30)
    return float(np.max(np.abs(actual.astype(np.float64) - expected), initial=0)) / largest


def computes_halves(cpu):
    """Whether a 64-bit Arm CPU that `dev` names is more than an Armv8.0 one."""
    return not cpu.startswith(("cortex-a53", "cortex-a57", "cortex-a72"))
