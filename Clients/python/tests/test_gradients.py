"""Gradients as they travel: names, sizes, scales, ranges, factors."""

from __future__ import annotations

import numpy as np
import pytest

import styleloss
from styleloss._answers import gradients, maps

from .conftest import IMAGES

OPTIONS = {"layout": "nchw", "range": "0..1"}


def array(*shape: int, dtype: type = np.float32) -> np.ndarray:
    return np.arange(1, np.prod(shape) + 1).reshape(shape).astype(dtype)


def test_gradients_have_the_names_of_their_terms() -> None:
    tensors = {"total": array(2), "gradient": array(2, 3, 4, 4), "gradient.tv": array(2, 3, 4, 4)}
    assert set(gradients(tensors, is_one=False)) == {"total", "tv"}


def test_one_image_of_a_file_has_three_dimensions() -> None:
    tensors = {"gradient": array(1, 3, 4, 5)}
    assert gradients(tensors, is_one=True)["total"].shape == (3, 4, 5)
    assert gradients(tensors, is_one=False)["total"].shape == (1, 3, 4, 5)


def test_outputs_of_many_sizes_keep_their_order() -> None:
    names = ["gradient.10", "gradient.2", *(f"gradient.{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8, 9))]
    tensors = {name: array(3, int(name.split(".")[1]) + 1, 2) for name in names}
    tensors |= {"gradient.tv.0": array(3, 4, 4), "gradient.tv.1": array(3, 5, 5)}
    found = gradients(tensors, is_one=False)
    assert [g.shape[1] for g in found["total"]] == list(range(1, 12))
    assert [g.shape[1] for g in found["tv"]] == [4, 5]


def test_layers_may_end_in_numbers() -> None:
    tensors = {"gradient.block.0": array(2, 3, 4, 4), "gradient.block.1": array(2, 3, 4, 4)}
    found = gradients(tensors, is_one=False, is_of_features=True)
    assert set(found) == {"block.0", "block.1"}


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 5, 7)])
def test_half_precision_is_multiplied_by_its_samples_scales(shape) -> None:
    tensors = {
        "gradient": array(*shape, dtype=np.float16),
        "gradient_scale": np.array([0.5, 2**20]),
    }
    found = gradients(tensors, is_one=False)["total"]
    assert found.dtype == np.float32
    assert np.array_equal(found[0], array(*shape)[0] / 2)
    assert np.array_equal(found[1], array(*shape)[1] * 2**20)


def test_half_precision_of_many_sizes_and_of_terms() -> None:
    tensors = {
        "gradient.tv.0": array(3, 2, 2, dtype=np.float16),
        "gradient.tv.1": array(3, 1, 1, dtype=np.float16),
        "gradient_scale.tv": np.array([2.0, 4.0]),
    }
    first, second = gradients(tensors, is_one=False)["tv"]
    assert np.array_equal(first, 2 * array(3, 2, 2))
    assert np.array_equal(second, 4 * array(3, 1, 1))


def test_maps_are_named_by_term_and_layer() -> None:
    tensors = {"map.perceptual.pool1": array(1, 4, 5), "map.perceptual": array(1, 8, 10)}
    assert maps(tensors, is_one=True)["perceptual.pool1"].shape == (4, 5)
    assert maps(tensors, is_one=False)["perceptual"].shape == (1, 8, 10)
    several = {"map.tv.1": array(2, 2), "map.tv.0": array(1, 1), "gradient": array(1, 3, 2, 2)}
    assert [m.shape for m in maps(several, is_one=False)["tv"]] == [(1, 1), (2, 2)]


def test_float16_travels_in_half_the_bytes(client, pair) -> None:
    whole = client.losses(*pair, gradient=True, **OPTIONS).gradient
    half = client.losses(*pair, gradient=True, gradient_dtype="float16", **OPTIONS).gradient
    assert half.dtype == np.float32
    assert np.abs(half - whole).max() <= 2**-11 * np.abs(whole).max()
    files = [IMAGES / "crop-97x61-output.png", IMAGES / "crop-49x35-output.png"]
    targets = [IMAGES / "crop-97x61-target.png", IMAGES / "crop-49x35-target.png"]
    many = client.losses(files, targets, gradient=True).gradients["total"]
    halves = client.losses(files, targets, gradient=True, gradient_dtype="float16")
    for one, other in zip(many, halves.gradients["total"], strict=True):
        assert np.linalg.norm(one - other) <= 1e-3 * np.linalg.norm(one)


def test_cotangents_multiply_gradients_and_nothing_else(client, pair) -> None:
    plain = client.losses(*pair, gradient=True, **OPTIONS)
    scaled = client.losses(*pair, gradient=True, cotangent=[0.5, 0], **OPTIONS)
    assert np.array_equal(scaled.total, plain.total)
    assert np.allclose(scaled.gradient[0], plain.gradient[0] / 2, rtol=1e-5, atol=1e-9)
    assert not scaled.gradient[1].any()


def test_values_out_of_range_are_refused_or_allowed_or_clamped(client, pair) -> None:
    output, target = pair[0] * 1.5 - 0.25, pair[1]
    with pytest.raises(styleloss.InvalidRequestError, match="range"):
        client.losses(output, target, **OPTIONS)
    allowed = client.losses(output, target, gradient=True, out_of_range="allow", **OPTIONS)
    clamped = client.losses(output, target, gradient=True, out_of_range="clamp", **OPTIONS)
    inside = client.losses(output.clip(0, 1), target, gradient=True, **OPTIONS)
    assert np.array_equal(clamped.total, inside.total)
    outside = (output < 0) | (output > 1)
    assert not clamped.gradient[outside].any()
    assert allowed.gradient[outside].all()


def test_features_have_gradients_by_layer(client, pair) -> None:
    random = np.random.default_rng(3)
    outputs = {"a.0": random.random((2, 4, 6, 5)), "b": random.random((2, 3, 4, 4))}
    targets = {name: random.random(x.shape) for name, x in outputs.items()}
    losses = client.feature_losses(outputs, targets, gradient=True, layout="nchw")
    assert {name: g.shape for name, g in losses.gradients.items()} == {
        name: x.shape for name, x in outputs.items()
    }
    direction = {name: random.standard_normal(x.shape) for name, x in outputs.items()}

    def total(step: float) -> float:
        moved = {name: x + step * direction[name] for name, x in outputs.items()}
        return float(client.feature_losses(moved, targets, layout="nchw").total.sum())

    slope = (total(1e-6) - total(-1e-6)) / 2e-6
    inner = sum((losses.gradients[name] * direction[name]).sum() for name in outputs)
    assert inner == pytest.approx(slope, rel=1e-5)
