"""Writes small TFLite models."""
import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    np.dtype(np.float32): schema.TensorType.FLOAT32,
    np.dtype(np.float16): schema.TensorType.FLOAT16,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int64): schema.TensorType.INT64,
    np.dtype(np.bool_): schema.TensorType.BOOL,
}


def empty_graph():
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    return graph


class Model:
    """Tensors are known by their index. Shapes of computed ones are left to the reader."""

    def __init__(self):
        self.graph = empty_graph()
        self.graphs = [self.graph]
        self.buffers = [schema.BufferT()]
        self.codes = []

    def subgraph(self, build, *inputs):
        """Another graph with inputs of these (shape, dtype): build(self, *tensors) gives its outputs. Its number."""
        outer, self.graph = self.graph, empty_graph()
        self.graphs.append(self.graph)
        number = len(self.graphs) - 1
        self.graph.inputs = [self._tensor(f"given_{number}_{i}", *given) for i, given in enumerate(inputs)]
        self.graph.outputs = list(build(self, *self.graph.inputs))
        self.graph = outer
        return number

    def variable(self, *shape):
        """A tensor of zeros that keeps its value between runs."""
        tensor = self._tensor(f"variable_{len(self.graph.tensors)}", shape, np.float32)
        self.graph.tensors[tensor].isVariable = True
        return tensor

    def _tensor(self, name, shape, dtype, buffer=0):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(shape), TYPES[np.dtype(dtype)], buffer
        tensor.hasRank = True
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def input(self, *shape, dtype=np.float32):
        self.graph.inputs.append(self._tensor(f"input_{len(self.graph.inputs)}", shape, dtype))
        return self.graph.inputs[-1]

    def constant(self, array, dtype=np.float32):
        array = np.asarray(array, dtype)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.buffers.append(buffer)
        return self._tensor(f"constant_{len(self.buffers)}", array.shape, dtype, len(self.buffers) - 1)

    def ints(self, array):
        return self.constant(array, np.int32)

    def op(self, name, inputs, options=None, outputs=1, dtype=np.float32, custom=None, custom_options=None,
           version=1):
        """Adds operator `name`; its output, or a list of several. `options` is ("ConvOptions", {field: value})."""
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.customCode, code.version = custom, version
        self.codes.append(code)
        op = schema.OperatorT()
        op.opcodeIndex = len(self.codes) - 1
        op.inputs = list(inputs)
        op.outputs = [self._tensor(f"{name}_{len(self.codes)}_{i}", [], dtype) for i in range(outputs)]
        if options is not None:
            op.builtinOptionsType = getattr(schema.BuiltinOptions, options[0])
            op.builtinOptions = getattr(schema, options[0] + "T")()
            for field, value in options[1].items():
                assert hasattr(op.builtinOptions, field), field
                setattr(op.builtinOptions, field, value)
        if custom_options is not None:
            op.customOptions = np.frombuffer(custom_options, np.uint8)
        self.graph.operators.append(op)
        return op.outputs[0] if outputs == 1 else op.outputs

    def save(self, path, *outputs):
        self.graph.outputs = list(outputs)
        model = schema.ModelT()
        model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, self.codes, self.graphs, self.buffers
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        with open(path, "wb") as file:
            file.write(builder.Output())
