"""MatConvNet's .mat: imagenet-vgg-verydeep-16 and -19, RGB from 0 to 255 less the mean image."""

import numpy as np

from .vgg import Refusal, Source


def read(path):
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise Refusal("reading a .mat needs the package scipy") from error
    content = loadmat(path, squeeze_me=True, struct_as_record=False)
    if "layers" not in content:
        raise Refusal("there is no MatConvNet network in it: no variable layers")
    source = Source([], None, "matconvnet")
    for layer in np.atleast_1d(content["layers"]):
        if getattr(layer, "type", "") != "conv" or not str(layer.name).startswith("conv"):
            continue
        kernel, bias = getattr(layer, "weights", None), None
        if kernel is None:
            kernel, bias = layer.filters, layer.biases
        else:
            kernel, bias = kernel
        # Columns before rows: lengstrom/fast-style-transfer 0d3d981, src/vgg.py:37-39.
        source.convolutions.append((
            np.asarray(kernel, np.float64).transpose(3, 2, 1, 0),
            np.asarray(bias, np.float64).reshape(-1)))
    source.preprocessing = ("RGB", "0..255", mean(content), [1.0, 1.0, 1.0])
    source.notes.append("MatConvNet runs in MATLAB: not run there")
    return source


def mean(content):
    for name in ("meta", "normalization"):
        found = content.get(name)
        found = getattr(found, "normalization", found)
        image = getattr(found, "averageImage", None)
        if image is not None:
            values = np.asarray(image, np.float64).reshape(-1, 3).mean(axis=0)
            return [round(float(value), 6) for value in values]
    raise Refusal("the mean of its images is not in it; say --preprocessing")
