"""torch's .pth and .pt: torchvision's VGG, with and without batch normalisation, and AdaIN's
vgg_normalised, whose first layer of 1 x 1 is the preprocessing."""

import re

import numpy as np

from .vgg import PREPROCESSING, Refusal, Source, fold

EPS = 1e-5  # of torch.nn.BatchNorm2d


def read(path):
    try:
        import torch
    except ImportError as error:
        raise Refusal("reading a .pth needs the package torch") from error
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = state.get("state_dict", state)
    if any(key.endswith(".filt") for key in state):
        raise Refusal(
            "its pools blur, as those of ST-LPIPS: the service runs no such network, and with other "
            "pools its weights are another metric")
    modules = {}
    for key, value in state.items():
        found = re.fullmatch(r"(?:module\.)?(?:features\.)?(\d+)\.(\w+)", key)
        if found:
            modules.setdefault(int(found[1]), {})[found[2]] = value.double().numpy()
    if not modules:
        raise Refusal("there is no features.N.weight in it")
    source = Source([], PREPROCESSING["torchvision"], "torch")
    for number in sorted(modules):
        module = modules[number]
        if "running_mean" in module:
            weight, bias = source.convolutions.pop()
            source.convolutions.append(fold(
                weight, bias, module["weight"], module["bias"], module["running_mean"],
                module["running_var"], EPS))
        elif module["weight"].shape[2:] == (1, 1):
            source.preprocessing = learned_input(module)
            source.format = "torch, normalised as AdaIN's"
        else:
            source.convolutions.append((module["weight"], module.get("bias")))
    source.forward = forward(modules)
    return source


def learned_input(module):
    """The preprocessing that a 1 x 1 convolution of three channels is: a scaled permutation and a mean."""
    matrix, shift = module["weight"][:, :, 0, 0], module["bias"]
    scale = matrix.max()
    order = matrix.argmax(axis=1).tolist()
    expected = np.zeros((3, 3))
    expected[range(3), order] = scale
    orders = {(0, 1, 2): "RGB", (2, 1, 0): "BGR"}
    ranges = {1.0: "0..1", 255.0: "0..255"}
    if tuple(order) not in orders or scale.round(3) not in ranges or abs(
            matrix - expected).max() > 1e-3:
        raise Refusal(
            "its first layer of 1 x 1 is no preprocessing: not 1 or 255 times each channel, RGB or BGR")
    return orders[tuple(order)], ranges[scale.round(3)], (-shift).tolist(), [1.0, 1.0, 1.0]


def forward(modules):
    """The layers of the file as torch runs them, batch normalisation by itself."""
    import torch
    import torch.nn.functional as F

    numbers = sorted(
        number for number, module in modules.items()
        if module["weight"].ndim == 4 and module["weight"].shape[2:] == (3, 3))
    step = min((b - a for a, b in zip(numbers, numbers[1:])), default=2)

    def run(x):
        current, features, last = torch.from_numpy(x).double(), [], None
        for number in sorted(modules):
            module = {k: torch.from_numpy(v) for k, v in modules[number].items() if v.ndim}
            if "running_mean" in module:
                features[-1] = current = F.batch_norm(
                    current, module["running_mean"], module["running_var"], module["weight"],
                    module["bias"], eps=EPS)
            elif module["weight"].shape[2:] != (1, 1):
                if last is not None:
                    current = F.relu(current)
                    # The numbers leave a gap of one more where a pool stands.
                    if number - last > step:
                        current = F.max_pool2d(current, 2)
                current = F.conv2d(current, module["weight"], module.get("bias"), padding=1)
                features.append(current)
                last = number
        return [f.numpy() for f in features]

    return run
