"""One engine in a process of its own: loads a model, then times runs of it when told to.

    worker.py ENGINE

Talks JSON lines. In: {"model": path, "threads": n}, then any number of {"warmup": n, "runs": n}. Out: {"version": text},
then {"ms": [milliseconds of each run]} for each request; {"error": text} once, and the end, when something fails.
Inputs are random, seeded, and laid into the engine's own buffers before the clock starts. Needs numpy and the engine.
"""
import importlib.metadata
import json
import os
import sys
import time

import numpy as np

SEED = 0


def random_input(shape):
    return np.random.default_rng(SEED).standard_normal([int(size) for size in shape], np.float32)


class OnnxRuntime:
    package = "onnxruntime"

    def __init__(self, model, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        inputs = {value.name: random_input(value.shape) for value in session.get_inputs()}
        self.run = lambda: session.run(None, inputs)


class OpenVino:
    package = "openvino"

    def __init__(self, model, threads):
        import openvino
        core = openvino.Core()
        compiled = core.compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": str(threads),
            "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": "NO"})
        request = compiled.create_infer_request()
        for i, port in enumerate(compiled.inputs):
            request.get_input_tensor(i).data[:] = random_input(port.shape)
        self.run = request.infer


class Mnn:
    """Takes a file of MNN's own converter."""
    package = "mnn"

    def __init__(self, model, threads):
        import MNN
        interpreter = MNN.Interpreter(model)
        session = interpreter.createSession({"backend": "CPU", "numThread": threads, "precision": "high"})
        for tensor in interpreter.getSessionInputAll(session).values():
            values = random_input(tensor.getShape())
            tensor.copyFrom(MNN.Tensor(values.shape, MNN.Halide_Type_Float, values, MNN.Tensor_DimensionType_Caffe))
        self.run = lambda: interpreter.runSession(session)


class LiteRt:
    package = "ai-edge-litert"

    def __init__(self, model, threads):
        from ai_edge_litert.interpreter import Interpreter
        interpreter = Interpreter(model_path=model, num_threads=threads)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], random_input(detail["shape"]))
        self.run = interpreter.invoke


class DeepSparse:
    package = "deepsparse"

    def __init__(self, model, threads):
        import deepsparse
        engine = deepsparse.Engine(model, batch_size=1, num_cores=threads)
        inputs = [random_input(shape) for shape in engine.input_shapes]
        self.run = lambda: engine.run(inputs)


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "mnn": Mnn, "litert": LiteRt, "deepsparse": DeepSparse}


def timed(run, warmup, runs):
    """Returns the milliseconds of each of `runs` calls, after `warmup` calls that do not count."""
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times


def main():
    # Engines print on stdout too: the answers get the descriptor to themselves.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    adapter = ENGINES[sys.argv[1]]
    try:
        engine = adapter(**json.loads(sys.stdin.readline()))
        print(json.dumps({"version": importlib.metadata.version(adapter.package)}), file=answers)
        for line in sys.stdin:
            print(json.dumps({"ms": timed(engine.run, **json.loads(line))}), file=answers)
    except Exception as error:  # whatever an engine raises is the reason why it is skipped
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
