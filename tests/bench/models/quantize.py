#!/usr/bin/env python3
"""Writes an ONNX network in int8: quantize.py IN.onnx OUT.onnx. Needs onnxruntime, onnx and numpy.

Static, per channel, as QuantizeLinear and DequantizeLinear nodes. Ranges come from random inputs: speed does not
depend on them.
"""
import sys

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

SAMPLES = 4


class RandomInputs(CalibrationDataReader):
    def __init__(self, path):
        (value,) = onnx.load(path).graph.input
        shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        rng = np.random.default_rng(0)
        self.inputs = iter([{value.name: rng.standard_normal(shape, np.float32)} for _ in range(SAMPLES)])

    def get_next(self):
        return next(self.inputs, None)


def main():
    source, target = sys.argv[1:]
    quantize_static(source, target, RandomInputs(source), quant_format=QuantFormat.QDQ, per_channel=True)


if __name__ == "__main__":
    main()
