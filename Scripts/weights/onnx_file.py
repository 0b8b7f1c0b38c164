"""ONNX: the convolutions of a graph in order, with the batch normalisations behind them."""

import numpy as np

from .vgg import Refusal, Source, fold


def read(path):
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise Refusal("reading a .onnx needs the package onnx") from error
    model = onnx.load(path)
    constants = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float64)
        for tensor in model.graph.initializer}
    source = Source([], None, "onnx")
    outputs = []
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].HasField("t"):
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t).astype(
                np.float64)
        values = [constants.get(name) for name in node.input[1:]]
        if node.op_type == "Conv" and values[0] is not None and values[0].shape[2:] == (3, 3):
            bias = values[1] if len(values) > 1 else None
            source.convolutions.append((values[0], bias))
            outputs.append(node.output[0])
        elif node.op_type == "BatchNormalization" and outputs and node.input[0] == outputs[-1]:
            eps = next((a.f for a in node.attribute if a.name == "epsilon"), 1e-5)
            source.convolutions.append(fold(*source.convolutions.pop(), *values, eps))
            outputs[-1] = node.output[0]
    source.forward = forward(model, outputs)
    if source.forward is None:
        source.notes.append("without the package onnxruntime: not run there")
    return source


def forward(model, outputs):
    try:
        import onnx
        import onnxruntime
    except ImportError:
        return None
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(
        onnx.ValueInfoProto(name=name) for name in outputs if name not in known)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(x):
        return session.run(outputs, {name: x.astype(np.float32)})

    run.sides = [side for side in session.get_inputs()[0].shape[2:] if isinstance(side, int)]
    return run
