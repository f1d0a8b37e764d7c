"""Lacuna runs pruned neural networks fast on CPUs.

    import lacuna
    lacuna.convert("net.onnx", "net.lcn")
    model = lacuna.Model("net.lcn")
    scores, = model.run(picture)              # copies in and out
    model.inputs[0].array[...] = picture      # or without a copy: the arena's own memory
    model.run_in_place()
    scores = model.outputs[0].array
"""
from __future__ import annotations

import json
import os
import statistics
import time
from typing import Any, Mapping, Optional, Sequence, Union

import numpy as np
import numpy.typing as npt

from . import _core

__all__ = ["Error", "Model", "Tensor", "convert", "inspect", "isas", "__version__"]
__version__: str = _core.version()

Path = Union[str, "os.PathLike[str]"]
Array = npt.NDArray[np.float32]


class Error(RuntimeError):
    """What a file, a model or the machine is lacking. `code` is an exit code of the program `lacuna` for convert() and
    inspect(), and a lacuna_status for Model."""

    code: int = 0


_core.set_error_class(Error)


def isas() -> list[str]:
    """Instruction sets of this CPU that there are kernels for, lowest first."""
    return _core.isas()


def convert(source: Path, output: Path, *, target: str = "generic",
            input_shapes: Optional[Mapping[str, Sequence[int]]] = None, overwrite: bool = False) -> dict[str, Any]:
    """Converts an .onnx or .tflite file into an .lcn file and says what was decided, as inspect() does.

    The output appears whole or not at all; one that exists is kept unless `overwrite`. Raises Error."""
    shapes = {name: list(map(int, shape)) for name, shape in (input_shapes or {}).items()}
    told: dict[str, Any] = json.loads(_core.convert(os.fspath(source), os.fspath(output), target, shapes, overwrite))
    return told


def inspect(path: Path) -> dict[str, Any]:
    """What an .lcn file is made of: layers, density, packings, bytes, as `lacuna inspect --json` says. Raises Error."""
    seen: dict[str, Any] = json.loads(_core.inspect(os.fspath(path)))
    return seen


class Tensor:
    """An input or output of a model. `array` is its place in the arena: no copy, channels may be strided. An input is to be
    written before every run; an output holds until the next write of an input or the next run."""

    def __init__(self, name: str, array: Array) -> None:
        self.name = name
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def __repr__(self) -> str:
        return f"Tensor({self.name!r}, shape={self.shape}, dtype=float32)"


class Model:
    """An .lcn file with a session to run it. For one thread of Python at a time; several models of one file share its
    memory. Runs let other threads of Python go on."""

    def __init__(self, path: Path, *, threads: int = 1, isa: Optional[str] = None, profile: bool = False) -> None:
        """`isa`: the highest of isas() to use; `profile`: time each layer. Raises Error."""
        self._session = _core.Session(os.fspath(path), threads, isa, profile)
        self._threads = threads
        session = self._session
        self.inputs = [Tensor(session.input_name(i), session.input(i)) for i in range(session.input_count)]
        self.outputs = [Tensor(session.output_name(i), session.output(i)) for i in range(session.output_count)]

    @property
    def isa(self) -> str:
        return self._session.isa

    @property
    def arena_bytes(self) -> int:
        return self._session.arena_bytes

    def run_in_place(self) -> None:
        """Runs on what the inputs' arrays hold."""
        self._session.run()

    def run(self, *arrays: npt.ArrayLike, **named: npt.ArrayLike) -> list[Array]:
        """Copies arrays in, by order or by name, runs, and returns copies of the outputs. Raises ValueError for an array
        of another shape, or one too many or too few."""
        given: dict[str, npt.ArrayLike] = dict(zip((tensor.name for tensor in self.inputs), arrays))
        if len(arrays) > len(self.inputs) or set(given) & set(named):
            raise ValueError(f"{len(self.inputs)} inputs are wanted: {[tensor.name for tensor in self.inputs]}")
        given.update(named)
        if set(given) != {tensor.name for tensor in self.inputs}:
            raise ValueError(f"inputs are {[tensor.name for tensor in self.inputs]}, not {sorted(given)}")
        for tensor in self.inputs:
            array = np.asarray(given[tensor.name])
            if array.shape != tensor.shape:
                raise ValueError(f"{tensor.name} has shape {tensor.shape}, not {array.shape}")
            tensor.array[...] = array
        self.run_in_place()
        return [np.array(tensor.array, order="C") for tensor in self.outputs]

    def check_weights(self) -> None:
        """Compares the weights with their stored hash. Raises Error."""
        self._session.check_weights()

    def layers(self) -> list[dict[str, Any]]:
        """The steps: name, op, kernel, packing, weights, macs, and with `profile` the microseconds of the last run."""
        return [self._session.step(i) for i in range(self._session.step_count)]

    def bench(self, *, seconds: float = 1.0, warmup: int = 3) -> dict[str, Any]:
        """Times runs on what the inputs hold: milliseconds as median, minimum and 95th percentile."""
        for _ in range(warmup):
            self.run_in_place()
        times: list[float] = []
        end = time.perf_counter() + seconds
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            self.run_in_place()
            times.append(1000 * (time.perf_counter() - start))
        times.sort()
        return {"isa": self.isa, "threads": self._threads, "runs": len(times), "median_ms": statistics.median(times),
                "min_ms": times[0], "p95_ms": times[min(len(times) - 1, int(0.95 * len(times)))],
                "arena_bytes": self.arena_bytes}
