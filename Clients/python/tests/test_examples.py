"""The examples, run: small here, at full size with -m slow."""

from __future__ import annotations

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from .conftest import IMAGES, WEIGHTS

EXAMPLES = Path(__file__).parents[1] / "examples"
PHOTOGRAPHS = [IMAGES / "astronaut-256.png", IMAGES / "rocket-256.png"]
sys.path.insert(0, str(EXAMPLES))

# Full size takes minutes on two cores, most of them VGG in the process.
SIZES = [3, pytest.param(200, marks=pytest.mark.slow)]


def run(script: str | Path, *arguments: object, **environment: str) -> str:
    """What an example prints, or another script by its whole path."""
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.parametrize("steps", SIZES)
def test_an_inpainting_network_learns_as_with_vgg_in_the_process(service, steps) -> None:
    torch = pytest.importorskip("torch")
    from train_inpainting import batches, train

    from styleloss.torch import StyleLoss

    from .support.vgg import PConvLoss

    remote = StyleLoss(service.url, timeout=600, range="0..1")
    image, mask = next(batches(PHOTOGRAPHS, 2, 64, 0))
    remote(image, image, mask)
    weights = {key: term.weight for key, term in remote.last[0].terms.items()}
    network, curve = train(remote, PHOTOGRAPHS, steps)
    _, expected = train(PConvLoss(WEIGHTS, weights), PHOTOGRAPHS, steps)
    assert np.allclose(curve, expected, rtol=1e-3, atol=0)
    if steps < 100:
        return
    # Of batches that were not trained with, which differ more than the losses of one fall.
    unseen = list(itertools.islice(batches(PHOTOGRAPHS, 2, 64, 1), 10))
    untrained, _ = train(remote, PHOTOGRAPHS, 0)
    with torch.no_grad():
        before, after = (
            sum(remote(of(image * mask, mask), image, mask).sum() for image, mask in unseen)
            for of in (untrained, network)
        )
    assert after < 0.8 * before


# JAX is further than 1e-3 away within 50 steps; how far, and why, is not known.
@pytest.mark.parametrize(
    ("backend", "steps"),
    [
        ("torch", 3),
        ("jax", 3),
        ("tensorflow", 3),
        pytest.param("torch", 50, marks=pytest.mark.slow),
    ],
)
def test_keras_learns_as_with_vgg_in_the_process(service, backend, steps) -> None:
    for package in ("keras", backend):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    arguments = ("--url", service.url, "--steps", steps, *PHOTOGRAPHS)
    in_process = Path(__file__).parent / "support" / "keras_in_process.py"
    curves = [
        [float(line.split()[-1]) for line in output.splitlines() if line.startswith("step")]
        for output in (
            run(script, *arguments, KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="3")
            for script in ("train_inpainting_keras.py", in_process)
        )
    ]
    assert len(curves[0]) == steps
    assert np.allclose(*curves, rtol=1e-3, atol=0)


@pytest.mark.parametrize(
    ("size", "steps"), [(48, 6), pytest.param(512, 50, marks=pytest.mark.slow)]
)
def test_style_is_transferred(service, tmp_path, size, steps) -> None:
    pytest.importorskip("torch")
    image = pytest.importorskip("PIL.Image")
    result = tmp_path / "result.png"
    arguments = ("--url", service.url, "--size", size, "--steps", steps)
    output = run("style_transfer.py", *PHOTOGRAPHS, result, *arguments)
    losses = [float(line.split()[3]) for line in output.splitlines() if line.startswith("step")]
    assert losses[-1] < 0.5 * losses[0]
    with image.open(result) as picture:
        assert picture.size == (size, size)


@pytest.mark.parametrize(
    ("size", "steps"), [(48, 8), pytest.param(128, 60, marks=pytest.mark.slow)]
)
def test_a_texture_is_made_of_noise_by_numpy_alone(service, tmp_path, size, steps) -> None:
    result = tmp_path / "result.npy"
    arguments = ("--url", service.url, "--size", size, "--steps", steps)
    output = run("texture_synthesis.py", PHOTOGRAPHS[0], result, *arguments)
    losses = [float(line.split()[3]) for line in output.splitlines()]
    assert all(after <= before for before, after in itertools.pairwise(losses))
    assert losses[-1] < 0.3 * losses[0]
    pixels = np.load(result)
    assert pixels.shape == (size, size, 3)
    assert 0 <= pixels.min() <= pixels.max() <= 1


def test_lbfgs_finds_the_minimum_of_a_quadratic_in_few_steps() -> None:
    from texture_synthesis import lbfgs

    scales = np.logspace(0, 3, 8)
    target = np.arange(8.0)

    def quadratic(x):
        return 0.5 * scales @ (x - target) ** 2, scales * (x - target)

    *_, (value, x) = lbfgs(quadratic, np.zeros(8), 60)
    assert value < 1e-10
    assert x == pytest.approx(target, abs=1e-5)
