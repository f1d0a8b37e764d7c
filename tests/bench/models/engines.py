"""The engines that are compared, each as a runner: `round(warmup, runs)` returns one time in milliseconds."""
import dataclasses
import json
import os
import pathlib
import select
import signal
import statistics
import subprocess
import sys

WORKER = pathlib.Path(__file__).parent / "worker.py"
QUANTIZE = pathlib.Path(__file__).parent / "quantize.py"
ANSWER_SECONDS = 120  # an engine that says nothing for so long hangs


class EngineError(Exception):
    """Why an engine cannot take part: in a row, or at all."""


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str  # as in worker.py
    title: str
    formats: tuple  # of the files that it takes
    avx2: dict | None = None  # environment that holds it to AVX2; None: it cannot be held to it
    python: str = ""  # of its environment; filled when that is found


PEERS = [
    Peer("onnxruntime", "ONNX Runtime", (".onnx",)),
    Peer("openvino", "OpenVINO", (".onnx", ".tflite"), {"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    Peer("deepsparse", "DeepSparse", (".onnx",), {"NM_ARCH": "avx2"}),
    Peer("mnn", "MNN, sparse", (".onnx",)),
    Peer("litert", "LiteRT", (".tflite",)),
]
# MNN's own command installs a package beside the environment's and reports each conversion to its makers.
MNN_CONVERT = "import sys, _tools; _tools.mnnconvert(sys.argv)"
NO_AMX = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
QUIET = {"NM_DISABLE_ANALYTICS": "1"}


def call(*command):
    """Runs a program and returns its stdout."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise EngineError(f"exit code {done.returncode} from {pathlib.Path(command[0]).name}: {last}")
    return done.stdout


def made(output, command, *inputs):
    """`output`, made by `command` when it is missing or older than an input. The command's last part is the output."""
    if not output.exists() or any(path.stat().st_mtime > output.stat().st_mtime for path in inputs):
        output.parent.mkdir(parents=True, exist_ok=True)
        part = output.with_name(f"part_{output.name}")
        call(*command, part)
        os.replace(part, output)
    return output


class Lacuna:
    """Each round is a process of the `lacuna` program, which maps the file and repacks nothing."""

    def __init__(self, program, model, threads, isa):
        self.command = [program, "bench", model, "--json", "--quiet", "--threads", threads]
        self.command += ["--isa", isa] if isa else []
        self.facts = {}

    def round(self, warmup, runs):
        self.facts = json.loads(call(*self.command, "--warmup", warmup, "--runs", runs))
        return self.facts["median_ms"]

    def close(self):
        pass


class Worker:
    """Another engine behind worker.py. Stopped between rounds, so that its idle threads take nothing from others."""

    def __init__(self, python, engine, model, threads, environment):
        self.process = subprocess.Popen([python, WORKER, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, **QUIET, **environment})
        try:
            self.version = self.ask(model=str(model), threads=threads)["version"]
        except EngineError:
            self.close()
            raise
        self.process.send_signal(signal.SIGSTOP)

    def ask(self, **request):
        try:
            print(json.dumps(request), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # what it said last tells why
        ready, _, _ = select.select([self.process.stdout], [], [], ANSWER_SECONDS)
        if not ready:
            raise EngineError(f"no answer within {ANSWER_SECONDS} s")
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": f"it ended with exit code {self.process.wait()}"}
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer

    def round(self, warmup, runs):
        self.process.send_signal(signal.SIGCONT)
        times = self.ask(warmup=warmup, runs=runs)["ms"]
        self.process.send_signal(signal.SIGSTOP)
        return statistics.median(times)

    def close(self):
        self.process.kill()
        self.process.communicate()


def found_peers(venvs, deepsparse):
    """Returns the peers whose environment is there, and {title: reason} of the others."""
    found, skipped = [], {}
    for peer in PEERS:
        python = venvs / f"bench-{peer.name}" / "bin" / "python"
        if peer.name == "deepsparse" and not deepsparse:
            skipped[peer.title] = "not asked for by --deepsparse; its licence allows development and test only"
        elif not python.exists():
            skipped[peer.title] = f"there is no environment {python.parents[1].name}; its packages were not installed"
        else:
            found.append(dataclasses.replace(peer, python=str(python)))
    return found, skipped


def open_peer(peer, network, table, directory):
    """A runner of `peer` for one network; `table` says threads, instruction set and type."""
    model, environment = network.peer_path, {}
    if table.int8:
        environment = NO_AMX
    elif table.isa == "avx2":
        environment = peer.avx2
    if peer.name == "mnn":
        model = made(directory / "mnn" / f"{network.name}.mnn",
                     [peer.python, "-c", MNN_CONVERT, "-f", "ONNX", "--modelFile", model, "--bizCode", "x",
                      "--detectSparseSpeedUp", "--MNNModel"], model)
    return Worker(peer.python, peer.name, model, table.threads, environment)


def quantize(python, source, target):
    """`source` in int8, made in ONNX Runtime's environment."""
    return made(target, [python, QUANTIZE, source], source)


def open_lacuna(program, network, table, directory, target, threads):
    """A runner of Lacuna; the file is made for `target` and the table's instruction set."""
    isa = ["--isa", table.isa] if table.isa else []
    name = ".".join([network.name, target, *([table.isa] if table.isa else []), "lcn"])
    path = made(directory / "lcn" / name,
                [program, "convert", network.path, "--target", target, "--quiet", "--force", *isa, "-o"],
                network.path, pathlib.Path(program))
    return Lacuna(program, path, threads, table.isa)


def progress(text):
    print(text, file=sys.stderr, flush=True)
