"""Times LPIPS as the packages lpips, piq and torchmetrics compute it, on VGG-16 with generated weights.

    metrics.py pair PACKAGE           the median of a 256 x 256 pair, in milliseconds; PACKAGE is lpips,
                                      piq or torchmetrics
    metrics.py pairs OUT GT           pairs a second of two folders of PNG of one size, and their mean, by a
                                      script with lpips as one would write it: batches of eight, decoded by
                                      Pillow
    metrics.py make FOLDER COUNT      makes two such folders and a file of weights for styleloss
"""

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from fixtures.oracles import declare_torchvision_operators  # noqa: E402
from fixtures.weights import generated_network  # noqa: E402

SIDE = 256


def fake_vgg16():
    from torchvision.models import VGG
    from torchvision.models.vgg import cfgs, make_layers

    network = generated_network("vgg16", 7, "F32", "torchvision")
    model = VGG(make_layers(cfgs["D"]), init_weights=False)
    model.features.load_state_dict({
        name.removeprefix("features."): value.float()
        for name, value in network["tensors"].items()})
    return model.eval()


def metric(package):
    """A function of two batches in [0, 1]."""
    declare_torchvision_operators()
    if package == "lpips":
        import lpips

        lpips.pretrained_networks.tv = SimpleNamespace(vgg16=lambda *_, **__: fake_vgg16())
        model = lpips.LPIPS(net="vgg", verbose=False)
        return lambda a, b: model(a, b, normalize=True).flatten()
    if package == "piq":
        import lpips
        import piq

        path = Path(lpips.__file__).parent / "weights/v0.1/vgg.pth"
        lins = torch.load(path, map_location="cpu")
        piq.perceptual.vgg16 = lambda *_, **__: fake_vgg16()
        torch.hub.load_state_dict_from_url = lambda *_, **__: [
            lins[f"lin{i}.model.1.weight"] for i in range(5)]
        return piq.LPIPS(reduction="none")
    import torchmetrics.functional.image.lpips as tm

    tm._get_tv_model_features = lambda *_, **__: fake_vgg16().features
    model = tm._NoTrainLpips(net="vgg")
    return lambda a, b: model(a, b, normalize=True)


def pair(package):
    function = metric(package)
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.rand(1, 3, SIDE, SIDE, generator=generator) for _ in range(2))
    times = []
    with torch.inference_mode():
        for _ in range(3):
            function(a, b)
        for _ in range(15):
            start = time.perf_counter()
            function(a, b)
            times.append(time.perf_counter() - start)
    print(1000 * sorted(times)[len(times) // 2])


def pairs(outputs, targets):
    from PIL import Image

    function = metric("lpips")
    names = sorted(os.listdir(outputs))
    read = lambda folder, name: np.asarray(Image.open(os.path.join(folder, name)).convert("RGB"))
    batch = lambda folder, part: torch.from_numpy(
        np.stack([read(folder, name) for name in part])).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        start, total = time.perf_counter(), 0.0
        for first in range(0, len(names), 8):
            part = names[first : first + 8]
            total += float(function(batch(outputs, part), batch(targets, part)).sum())
        seconds = time.perf_counter() - start
    print(len(names) / seconds, total / len(names))


def make(folder, count):
    from PIL import Image
    from safetensors.numpy import save_file

    random = np.random.default_rng(1)
    for name in ("out", "gt"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for number in range(int(count)):
        small = random.integers(0, 256, (16, 16, 3), np.uint8)
        image = np.asarray(Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        noisy = np.clip(image + random.normal(0, 20, image.shape), 0, 255).astype(np.uint8)
        for role, pixels in (("gt", image), ("out", noisy)):
            Image.fromarray(pixels).save(os.path.join(folder, role, f"{number:04}.png"))
    network = generated_network("vgg16", 7, "F32", "torchvision")
    save_file(
        {name: value.numpy().astype(np.float32) for name, value in network["tensors"].items()},
        os.path.join(folder, "vgg16.safetensors"), {"preprocessing": "torchvision"})


if __name__ == "__main__":
    {"pair": pair, "pairs": pairs, "make": make}[sys.argv[1]](*sys.argv[2:])
