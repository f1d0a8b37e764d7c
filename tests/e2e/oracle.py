"""Runs a source model with an engine that is not ours: ONNX Runtime for .onnx, LiteRT for .tflite."""
import numpy as np


ONNX_TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}


def inputs_and_outputs(path, seed=0):
    """Seeded random inputs for a model and the outputs that the engine gives, each {name: array} in the model's order."""
    return (onnx_runtime if str(path).endswith(".onnx") else litert)(path, seed)


def random_input(rng, shape, dtype=np.float32):
    """Integers are small ones, which may be places in a table."""
    if dtype == np.bool_:
        return rng.random(shape) < 0.5
    if np.issubdtype(dtype, np.integer):
        return rng.integers(0, 5, shape, dtype)
    return rng.uniform(-1, 1, shape).astype(np.float32)


def onnx_runtime(path, seed):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(seed)
    inputs = {i.name: random_input(rng, [d if isinstance(d, int) else 1 for d in i.shape],
                                   ONNX_TYPES[i.type]) for i in session.get_inputs()}
    names = [o.name for o in session.get_outputs()]
    return inputs, dict(zip(names, session.run(names, inputs)))


def litert(path, seed):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(seed)
    inputs = {}
    for detail in interpreter.get_input_details():
        inputs[detail["name"]] = random_input(rng, detail["shape"], detail["dtype"])
        interpreter.set_tensor(detail["index"], inputs[detail["name"]])
    interpreter.invoke()
    return inputs, {d["name"]: interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()}
