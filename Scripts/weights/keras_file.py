"""Keras' .h5 and .keras: keras.applications' VGG16 and VGG19, whole models or weights alone."""

import re

import numpy as np

from .vgg import PREPROCESSING, Refusal, Source


def read(path):
    source = Source([], PREPROCESSING["caffe"], "keras")
    model = load(path)
    if model is not None:
        layers = [
            layer for layer in model.layers
            if type(layer).__name__ == "Conv2D" and tuple(layer.kernel_size) == (3, 3)]
        for layer in layers:
            kernel, bias = layer.get_weights()
            source.convolutions.append((to_oihw(kernel), bias.astype(np.float64)))
        source.forward = forward(model, layers)
    else:
        source.convolutions = datasets(path)
        source.notes.append("weights without a model: not run in Keras")
    return source


def load(path):
    try:
        import keras
    except ImportError:
        return None
    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError, AttributeError):
        return None  # weights alone


def datasets(path):
    """The kernels and biases in order: of layers blockN_convM, as Keras 2 names them, or of conv2d,
    conv2d_1 and so on, as Keras 3 does."""
    try:
        import h5py
    except ImportError as error:
        raise Refusal("reading Keras' files needs the package keras or h5py") from error
    found = {}
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise Refusal("this is no HDF5 file, and Keras does not read it") from error

    def take(name, value):
        place = re.search(r"block(\d)_conv(\d)|conv2d(?:_(\d+))?(?=/)", name)
        if place and isinstance(value, h5py.Dataset):
            order = tuple(int(number or 0) for number in place.groups())
            found.setdefault(order, {})[value.ndim] = np.asarray(value, np.float64)

    with file:
        file.visititems(take)
    if not found:
        raise Refusal("there is neither a layer block1_conv1 nor conv2d in it")
    return [(to_oihw(found[order][4]), found[order][1]) for order in sorted(found)]


def to_oihw(kernel):
    return kernel.astype(np.float64).transpose(3, 2, 0, 1)


def forward(model, layers):
    import keras

    # A layer's own output has its ReLU in it.
    taps = keras.Model(model.inputs, [layer.output for layer in layers])

    def run(x):
        outputs = taps(x.astype(np.float32).transpose(0, 2, 3, 1))
        return [np.asarray(keras.ops.convert_to_numpy(f)).transpose(0, 3, 1, 2) for f in outputs]

    run.is_after_relu = True
    run.sides = [side for side in model.input_shape[1:3] if side]
    return run
