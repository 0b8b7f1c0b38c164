"""Every method, asked of the real service."""

from __future__ import annotations

import io
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import styleloss

from .conftest import IMAGES

OPTIONS = {"layout": "nchw", "range": "0..1"}
OUTPUT, TARGET = IMAGES / "astronaut-256.png", IMAGES / "rocket-256.png"


def test_files_bytes_arrays_and_pillow_images_are_one_and_the_same(client) -> None:
    pillow = pytest.importorskip("PIL.Image")
    with pillow.open(OUTPUT) as output, pillow.open(TARGET) as target:
        pixels = np.asarray(output), np.asarray(target)
        answers = [
            client.losses(OUTPUT, TARGET),
            client.losses(str(OUTPUT), TARGET.read_bytes()),
            client.losses(*pixels, layout="hwc"),
            client.losses(output, target),
            client.losses([OUTPUT], [TARGET]),
            client.losses(
                pixels[0][None].astype(np.float32), TARGET, layout="nhwc", range="0..255"
            ),
        ]
    totals = [losses.total for losses in answers]
    assert [total.shape for total in totals] == [()] * 4 + [(1,)] * 2
    assert {float(total.reshape(())) for total in totals} == {float(totals[0])}


def test_a_total_is_the_weighted_sum_of_its_terms(client, pair) -> None:
    losses = client.losses(*pair, np.ones((2, 1, 48, 48)), **OPTIONS)
    assert set(losses.terms) >= {"style", "perceptual", "style_comp", "pixel_valid", "tv"}
    weighted = sum(term.weight * term.loss for term in losses.terms.values())
    assert weighted == pytest.approx(losses.total, rel=1e-12)
    style = losses.terms["style"]
    assert sum(style.layers.values()) == pytest.approx(style.loss, rel=1e-12)
    assert losses.options["range"] == "0..1"
    assert losses.model["name"] == "vgg16-imagenet"
    assert [notice.code for notice in losses.warnings] == ["rescaled_weights"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_gradients_have_the_shape_of_what_was_sent(client, pair, dtype, layout) -> None:
    reference = client.losses(*pair, gradient=True, **OPTIONS)
    arrays = [
        a.astype(dtype) if layout == "nchw" else a.astype(dtype).transpose(0, 2, 3, 1) for a in pair
    ]
    losses = client.losses(*arrays, gradient=True, layout=layout, range="0..1")
    gradient = losses.gradient if layout == "nchw" else losses.gradient.transpose(0, 3, 1, 2)
    assert gradient.dtype == np.float32
    assert gradient.shape == pair[0].shape
    if dtype == np.float32:
        assert np.array_equal(gradient, reference.gradient)
    norms = np.linalg.norm(gradient.reshape(2, -1).astype(np.float64), axis=1)
    assert losses.gradient_norms["total"] == pytest.approx(norms)


def test_one_image_has_one_gradient_and_several_sizes_have_several(client) -> None:
    assert client.losses(OUTPUT, TARGET, gradient=True).gradient.shape == (3, 256, 256)
    both = [OUTPUT, IMAGES / "crop-97x61-output.png"]
    targets = [TARGET, IMAGES / "crop-97x61-target.png"]
    losses = client.losses(both, targets, gradient=True)
    shapes = [gradient.shape for gradient in losses.gradients["total"]]
    assert shapes == [(3, 256, 256), (3, 61, 97)]
    with pytest.raises(ValueError, match="differ in size"):
        _ = losses.gradient


def test_the_gradients_of_terms_add_up_to_that_of_the_total(client, pair) -> None:
    losses = client.losses(*pair, gradient_of=["total", "style", "perceptual"], **OPTIONS)
    parts = losses.gradients["style"] + losses.gradients["perceptual"]
    assert np.linalg.norm(parts - losses.gradient) <= 1e-5 * np.linalg.norm(losses.gradient)
    assert set(losses.gradient_norms) == {"total", "style", "perceptual"}


def test_without_a_gradient_there_is_none(client, pair) -> None:
    with pytest.raises(ValueError, match="asked for"):
        _ = client.losses(*pair, **OPTIONS).gradient


def test_style_and_content_may_come_from_different_images(client) -> None:
    losses = client.losses(OUTPUT, OUTPUT, style_target=TARGET)
    assert losses.terms["perceptual"].loss == 0
    assert losses.terms["style"].loss == client.losses(OUTPUT, TARGET).terms["style"].loss


def test_options_are_the_services_own(client, pair) -> None:
    losses = client.losses(
        *pair,
        style_layers={"relu1_1": 0.5},
        perceptual_layers=["pool2"],
        term_weights={"style": 2.0},
        gram="covariance",
        **OPTIONS,
    )
    assert losses.options["style_layers"] == {"relu1_1": 0.5}
    assert losses.options["gram"] == "covariance"
    assert losses.terms["style"].weight == 2


def test_a_preset_sent_back_as_a_loss_gives_the_same(client, pair) -> None:
    loss = client.presets()["pconv"]
    own = client.losses(*pair, loss=loss, **OPTIONS)
    assert np.array_equal(own.total, client.losses(*pair, **OPTIONS).total)


def test_features_lead_to_the_same_losses(client, pair) -> None:
    output, target = (client.features(x, layers=["pool1", "pool2"], **OPTIONS) for x in pair)
    assert output.layers["pool2"].shape == (2, 128, 12, 12)
    assert output.metadata["model"] == "vgg16-imagenet"
    given = client.feature_losses(output.layers, target.layers, layout="nchw")
    images = client.losses(*pair, layers=["pool1", "pool2"], precision="plain", **OPTIONS)
    for key in ("style", "perceptual"):
        assert given.terms[key].loss == pytest.approx(images.terms[key].loss, rel=1e-5)


def test_gram_matrices_of_images_are_those_of_their_features(client, pair) -> None:
    features = client.features(pair[0], layers=["pool1"], **OPTIONS).layers
    by_images = client.gram(pair[0], layers=["pool1"], **OPTIONS).layers["pool1"]
    by_features = client.gram(features, layout="nchw").layers["pool1"]
    f = features["pool1"].reshape(2, 64, -1).astype(np.float64)
    expected = f @ f.transpose(0, 2, 1) / f[0].size
    for matrices in (by_images, by_features):
        assert np.allclose(matrices, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_what_was_not_expected_of_an_image_is_said_with_its_features(client) -> None:
    pillow = pytest.importorskip("PIL.Image")
    with pillow.open(OUTPUT) as image:
        transparent = image.convert("RGBA")
    for answer in (client.features, client.gram):
        assert not answer(OUTPUT, layers=["pool1"]).warnings
        (notice,) = answer(transparent, layers=["pool1"]).warnings
        assert notice.code == "alpha_dropped"
        assert "alpha" in notice.detail


def test_the_gradient_of_features_is_linear_in_cotangents(client, pair) -> None:
    cotangent = np.random.default_rng(1).standard_normal((2, 128, 12, 12), np.float32)
    one = client.features_gradient(pair[0], {"pool2": cotangent}, **OPTIONS)
    two = client.features_gradient(pair[0], {"pool2": 2 * cotangent}, **OPTIONS)
    assert one.shape == pair[0].shape
    assert np.array_equal(two, 2 * one)


def test_what_the_service_refuses_is_raised_with_its_sentence(client, pair) -> None:
    with pytest.raises(styleloss.InvalidRequestError, match="declare") as caught:
        client.losses(*pair)
    assert (caught.value.status, caught.value.code) == (422, "missing_option")
    with pytest.raises(styleloss.InvalidRequestError) as caught:
        client.losses(*pair, preset="none", **OPTIONS)
    assert caught.value.code == "unknown_preset"


@pytest.mark.parametrize("image", [3.5, None, np.array(["text"]), np.zeros((4, 4), complex)])
def test_what_is_no_image_is_refused_here(client, image) -> None:
    with pytest.raises(TypeError):
        client.losses(image, TARGET)


ONES = np.ones((2, 1, 48, 48))


@pytest.mark.parametrize(
    ("error", "sentence", "mask", "options"),
    [
        (ValueError, "bool or float", ONES.astype(np.uint8), {}),
        (ValueError, "bool or float", [ONES[0].astype(np.int64)] * 2, {}),
        (ValueError, "finite", None, {"layers": {"pool1": float("nan")}}),
        (ValueError, "finite", None, {"cotangent": np.array([1, np.inf])}),
        (TypeError, "cannot be sent", None, {"layers": (n for n in ["pool1"])}),
        (styleloss.InvalidRequestError, "did you mean layers", None, {"layer": ["pool1"]}),
    ],
)
def test_what_would_be_misread_is_refused_with_a_sentence(
    client, pair, error, sentence, mask, options
) -> None:
    with pytest.raises(error, match=sentence):
        client.losses(*pair, mask, **options, **OPTIONS)


@pytest.mark.parametrize("mask", [ONES.astype(bool), ONES * 1.0, (ONES * 255).astype(np.uint8)])
def test_masks_of_every_kind_mean_the_same(client, pair, mask) -> None:
    expected = client.losses(*pair, np.ones((2, 1, 48, 48), np.float32), **OPTIONS)
    assert np.array_equal(client.losses(*pair, mask, **OPTIONS).total, expected.total)


def test_options_may_hold_what_numpy_makes(client, pair) -> None:
    plain = client.losses(*pair, gradient=True, layers={"pool1": 0.5}, cotangent=[1, 2], **OPTIONS)
    weights = {"pool1": np.float32(0.5)}
    made = client.losses(
        *pair, gradient=True, layers=weights, cotangent=np.array([1.0, 2.0]), **OPTIONS
    )
    assert np.array_equal(plain.gradient, made.gradient)


@pytest.mark.parametrize("name", ["é", 'a"b', "a\r\nX-Field: b"])
def test_names_of_layers_stay_names(client, name) -> None:
    features = {name: np.ones((1, 2, 4, 4))}
    with pytest.raises(ValueError, match="letters, digits"):
        client.feature_losses(features, features, layout="nchw")


def test_results_are_plain_data(client, pair) -> None:
    losses = client.losses(*pair, **OPTIONS)
    again = json.loads(json.dumps(losses.to_dict()))
    assert again["total"] == losses.total.tolist()
    assert (
        again["terms"]["style"]["layers"]["pool1"] == losses.terms["style"].layers["pool1"].tolist()
    )
    assert set(again) == {field.name for field in fields(losses)}
    assert set(again["terms"]["style"]) == {field.name for field in fields(styleloss.Term)}
    with pytest.raises(AttributeError):
        losses.total = 0  # type: ignore[misc]


def test_info_says_what_runs(client) -> None:
    info = client.info()
    assert info.limits["max_pairs_per_request"] == 32
    assert "pool3" in info.layers
    assert info.models[0]["name"] == info.model["name"]
    assert info.models[0]["layers"] == list(info.layers)
    assert "pconv" in info.presets
    assert client.is_ready()


def test_http_and_unix_sockets_answer_alike(http_service, client, pair) -> None:
    with http_service.client() as other:
        assert np.array_equal(
            other.losses(*pair, **OPTIONS).total, client.losses(*pair, **OPTIONS).total
        )


def test_npy_files_are_read_from_their_path(client, pair, tmp_path: Path) -> None:
    for name, array in zip(("output.npy", "target.npy"), pair, strict=True):
        np.save(tmp_path / name, array)
    file = io.BytesIO()
    np.save(file, pair[1])
    losses = client.losses(tmp_path / "output.npy", file.getvalue(), **OPTIONS)
    assert np.array_equal(losses.total.reshape(-1), client.losses(*pair, **OPTIONS).total)
