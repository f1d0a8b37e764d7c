#!/usr/bin/env python3
"""Times whole pruned networks in Lacuna and in other engines, in turn, one row for each network.

Engines run in processes and environments of their own; what cannot run is named and skipped. Tables go to stdout and,
as JSON, to DIR/results; --write-docs makes docs/benchmarks.md of all tables that are there. Networks that no folder of
--models has are made with random weights where that is possible. Close other programs first.
"""
import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import re
import shlex
import sys

import document
import engines
import machine
import make_networks
import measure
from engines import EngineError, progress

TRAINED = "efficientnet_lite0"  # pruned here by magnitude, from a file that must be there
AS_SHIPPED = ["pose_detection.tflite", "face_detection_full_range_sparse.tflite"]
INT8_ROWS = ["resnet50_90"]
SCHEMA_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Table:
    """What the rows of one table have in common."""
    isa: str = ""  # "": the best of the machine
    target: str = "native"
    threads: int = 1
    int8: bool = False

    @property
    def name(self):
        parts = ["int8" if self.int8 else "fp32", self.isa, self.target, f"{self.threads}t"]
        return "_".join(part for part in parts if part)


ALL_TABLES = [Table(), Table(isa="avx2"), Table(target="generic"), Table(threads=2), Table(int8=True)]


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    path: pathlib.Path
    origin: str  # "given", "pruned here", "random weights"
    peer_path: pathlib.Path  # what the other engines load: the same file, or the dense twin in int8


# ------------------------------------------------------------------------------------------------------------- networks


class Networks:
    """Finds networks in folders, and makes what can be made."""

    def __init__(self, folders, directory):
        self.folders, self.directory = folders, directory

    def given(self, file_name):
        return next((folder / file_name for folder in self.folders if (folder / file_name).is_file()), None)

    def locate(self, name):
        """Returns (path, origin) of "resnet50_90", "pose_detection.tflite" or the path of a file."""
        if pathlib.Path(name).is_file():
            return pathlib.Path(name), "given"
        path = self.given(name if name.endswith((".onnx", ".tflite")) else f"{name}.onnx")
        if path:
            return path, "given"
        base, _, sparsity = name.rpartition("_")
        made = self.directory / f"{name}.onnx"
        if base in make_networks.BUILDERS and sparsity.isdigit():
            return self.made(made, lambda part: make_networks.make(base, int(sparsity), part)), "random weights"
        dense = self.given(f"{base}.onnx")
        if dense and sparsity.isdigit():
            return self.made(made, lambda part: make_networks.prune(dense, int(sparsity), part)), "pruned here"
        raise EngineError(f"no folder of --models has {name}")

    def made(self, path, make):
        if not path.exists():
            progress(f"making {path.name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"part_{path.name}")
            make(part)
            os.replace(part, path)
        return path


def standard_rows():
    bases = [*make_networks.BUILDERS, TRAINED]
    return [f"{base}_{sparsity}" for base in bases for sparsity in make_networks.SPARSITIES] + AS_SHIPPED


def chosen_rows(wanted):
    """Rows for the names on the command line: a row, a network at all sparsities, or a file."""
    rows = []
    for name in wanted:
        found = [row for row in standard_rows() if name in (row, re.sub(r"(_\d+|\.tflite)$", "", row))]
        if not found and not pathlib.Path(name).is_file():
            raise EngineError(f"{name} is neither a file nor one of {', '.join(standard_rows())}")
        rows += found or [name]
    return rows or standard_rows()


# --------------------------------------------------------------------------------------------------------------- tables


class Bench:
    def __init__(self, args):
        self.args = args
        self.networks = Networks([*args.models, pathlib.Path("build/demo")], args.dir / "networks")
        self.peers, self.skipped = engines.found_peers(args.venvs, args.deepsparse)
        self.versions = {}

    def peers_of(self, table):
        """The peers of a table; those that it leaves out are named with the reason."""
        if table.int8:
            return [peer for peer in self.peers if peer.name == "openvino"], {}
        if table.isa == "avx2":
            left_out = {peer.title: "cannot be held to AVX2" for peer in self.peers if peer.avx2 is None}
            return [peer for peer in self.peers if peer.avx2 is not None], left_out
        return self.peers, {}

    def network(self, name, table):
        path, origin = self.networks.locate(name)
        peer_path = path
        if table.int8:
            quantizer = next((peer.python for peer in self.peers if peer.name == "onnxruntime"), None)
            if not quantizer:
                raise EngineError("ONNX Runtime, which makes the int8 network, is not installed")
            dense, _ = self.networks.locate(re.sub(r"_\d+$", "_0", path.stem))
            peer_path = engines.quantize(quantizer, dense, self.args.dir / "int8" / dense.name)
        return Network(path.stem, path, origin, peer_path)

    def runners(self, network, table, peers):
        """Returns ({title: runner}, {title: why there is none}). Lacuna must run; its failure is the row's."""
        def lacuna(target, threads):
            return engines.open_lacuna(self.args.lacuna, network, table, self.args.dir, target, threads)

        opened, failed = {document.LACUNA: lacuna(table.target, table.threads)}, {}
        if table.target != "native":
            opened[document.NATIVE] = lacuna("native", table.threads)
        if table.threads > 1:
            opened[document.ONE_THREAD] = lacuna(table.target, 1)
        for peer in peers:
            if network.peer_path.suffix not in peer.formats:
                continue
            try:
                opened[peer.title] = worker = engines.open_peer(peer, network, table, self.args.dir)
                self.versions[peer.title] = worker.version
            except EngineError as error:
                failed[peer.title] = str(error)
        return opened, failed

    def row(self, name, table, peers):
        network = self.network(name, table)
        runners, failed = self.runners(network, table, peers)
        try:
            times, failed_later = measure.interleaved(runners, self.args.rounds, self.args.seconds)
        finally:
            for runner in runners.values():
                runner.close()
        if document.LACUNA not in times:
            raise EngineError(failed_later[document.LACUNA])
        return {"network": network.name, "origin": network.origin, "times": times,
                "failed": {**failed, **failed_later}, "lacuna": runners[document.LACUNA].facts,
                **document.ratios(times)}

    def table(self, table, rows):
        """Measures one table; returns it as it is stored."""
        machine.use_cpus(table.threads)
        peers, left_out = self.peers_of(table)
        if table.int8:
            rows = [row for row in rows if row in INT8_ROWS]
        result = {"schema_version": SCHEMA_VERSION, "table": dataclasses.asdict(table),
                  "date": datetime.date.today().isoformat(), "command": command_line(self.args),
                  "rounds": self.args.rounds, "seconds": self.args.seconds, "quick": self.args.quick,
                  "machine": machine.describe(), "rows": [], "missing": {}}
        for name in rows:
            progress(f"{table.name}: timing {name}")
            try:
                result["rows"].append(self.row(name, table, peers))
            except EngineError as error:
                result["missing"][pathlib.Path(name).stem] = str(error)
        lacuna = json.loads(engines.call(self.args.lacuna, "doctor", "--json"))["lacuna"]
        result["versions"] = {document.LACUNA: lacuna, **self.versions}
        result["skipped"] = {**self.skipped, **left_out}
        return result


def merge(stored, fresh):
    """A table to which rows were added: new ones take the place of old ones, in the standard order."""
    def made_by(table):
        return table["rounds"], table["seconds"], {**table["machine"], "load": 0}
    if made_by(stored) != made_by(fresh):
        raise EngineError("--add: the stored table has other rounds, seconds or another machine")
    rows = {row["network"]: row for row in [*stored["rows"], *fresh["rows"]]}
    missing = {name: why for name, why in {**stored["missing"], **fresh["missing"]}.items() if name not in rows}
    order = {pathlib.Path(name).stem: i for i, name in enumerate(standard_rows())}
    return {**fresh, "rows": sorted(rows.values(), key=lambda row: order.get(row["network"], len(order))),
            "missing": missing, "versions": {**stored["versions"], **fresh["versions"]}}


def command_line(args):
    """What gives the whole table, without the place of this machine's models."""
    arguments = list(sys.argv[1:])
    if "--models" in arguments:
        arguments[arguments.index("--models") + 1] = "DIR"
    if args.add:
        arguments = [argument for argument in arguments if argument not in [*args.networks, "--add"]]
    return shlex.join(["./dev", "bench", "models", *arguments])


# ----------------------------------------------------------------------------------------------------------------- main


def folders(text):
    return [pathlib.Path(part) for part in text.split(":") if part]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench models", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK",
                        help="resnet50 (at every sparsity), resnet50_90, a .onnx or .tflite file (default: the standard rows)")
    parser.add_argument("--models", type=folders, default=os.environ.get("LACUNA_MODELS", ""), metavar="DIR[:DIR...]",
                        help="folders with networks such as resnet50_90.onnx (default: environment LACUNA_MODELS)")
    parser.add_argument("--isa", choices=["avx2"], default="", help="hold every engine to it")
    parser.add_argument("--target", choices=["native", "generic"], default="native",
                        help="what Lacuna's files are made for; generic is timed beside native")
    parser.add_argument("--threads", type=int, choices=range(1, os.cpu_count() + 1), default=1,
                        help="more than one is timed beside one")
    parser.add_argument("--int8", action="store_true",
                        help="resnet50 at 90 %% in fp32 against OpenVINO's dense int8 without AMX")
    parser.add_argument("--all", action="store_true", help="every table of the document, one after another")
    parser.add_argument("--deepsparse", action="store_true",
                        help="also DeepSparse, whose licence allows development and test only")
    parser.add_argument("--quick", action="store_true", help="few short rounds, to see that it works")
    parser.add_argument("--rounds", type=int, help="of each engine for each network (default: 15, quick: 3)")
    parser.add_argument("--seconds", type=float, help="that a round takes (default: 0.15, quick: 0.02)")
    parser.add_argument("--add", action="store_true",
                        help="keep the stored table's rows of other networks, so that it can be taken in parts")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md from all stored tables")
    parser.add_argument("--docs", type=pathlib.Path, default="docs", help="folder of the document")
    parser.add_argument("--lacuna", type=pathlib.Path, default="build/native/bin/lacuna", help="the lacuna program")
    parser.add_argument("--venvs", type=pathlib.Path, default="build/venv", help="folder of the engines' environments")
    parser.add_argument("--dir", type=pathlib.Path, default="build/bench", help="where everything made goes")
    args = parser.parse_args(arguments)
    if args.quick and args.write_docs:
        parser.error("--quick shows that it works; its figures are not for the document")
    args.rounds = args.rounds or (3 if args.quick else 15)
    args.seconds = args.seconds or (0.02 if args.quick else 0.15)
    return args


def main(arguments=None):
    args = parse(arguments)
    tables = ALL_TABLES if args.all else [Table(args.isa, args.target, args.threads, args.int8)]
    results = args.dir / "results"
    try:
        if not args.lacuna.is_file():
            raise EngineError(f"there is no program {args.lacuna}; ./dev build makes it")
        rows = chosen_rows(args.networks)
        machine.warn_if_busy()
        bench = Bench(args)
        for table in tables:
            result = bench.table(table, rows)
            results.mkdir(parents=True, exist_ok=True)
            path = results / f"{table.name}.json"
            if args.add and path.exists():
                result = merge(json.loads(path.read_text()), result)
            path.write_text(json.dumps(result, indent=2) + "\n")
            print(document.text(result))
        if args.write_docs:
            stored = [json.loads(path.read_text()) for path in sorted(results.glob("*.json"))]
            document.write(stored, [table.name for table in ALL_TABLES], args.docs)
    except (EngineError, OSError) as error:
        print(f"bench models: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
