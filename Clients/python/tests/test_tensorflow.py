"""StyleLoss in TensorFlow, eager and in functions, against what the client answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow")

from styleloss.tensorflow import StyleLoss  # noqa: E402


@pytest.fixture
def last(pair):
    return [tf.constant(x.transpose(0, 2, 3, 1)) for x in pair]


@pytest.fixture
def loss(service) -> StyleLoss:
    return StyleLoss(service.url, range="0..1")


def value_and_gradient(loss, output, *rest):
    with tf.GradientTape() as tape:
        tape.watch(output)
        value = loss(output, *rest)
    return value, tape.gradient(value, output)


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function], ids=["eager", "function"])
def test_values_and_gradients_are_the_services(loss, client, pair, last, wrap) -> None:
    expected = client.losses(*pair, gradient=True, layout="nchw", range="0..1")
    value, gradient = wrap(lambda x, y: value_and_gradient(loss, x, y))(*last)
    assert value.shape == (2,)
    assert np.array_equal(value, expected.total.astype(np.float32))
    assert np.array_equal(gradient.numpy().transpose(0, 3, 1, 2), expected.gradient)


def test_no_gradient_is_asked_for_when_none_is_needed(loss, last) -> None:
    loss(*last)
    assert not loss.last[0].gradients
    tf.function(loss)(*last)
    assert not loss.last[0].gradients


def test_gradients_through_a_function_under_a_tape(loss, last) -> None:
    _, expected = value_and_gradient(loss, *last)
    _, gradient = value_and_gradient(tf.function(loss), *last)
    assert np.array_equal(gradient, expected)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_gradients_have_the_dtype_of_the_output(loss, last, dtype) -> None:
    _, gradient = value_and_gradient(loss, tf.cast(last[0], dtype), last[1])
    assert gradient.dtype == dtype


def test_masks_one_target_and_nchw(service, loss, last) -> None:
    output, target = last[0], last[1][:1]
    mask = np.ones((1, 48, 48, 1), np.float32)
    mask[:, 10:30, 20:40] = 0
    _, gradient = value_and_gradient(loss, output, target, mask)
    first = StyleLoss(service.url, range="0..1", layout="nchw")
    moved = (tf.transpose(x, (0, 3, 1, 2)) for x in (output, target, mask))
    _, other = value_and_gradient(first, *moved)
    assert np.array_equal(gradient, tf.transpose(other, (0, 2, 3, 1)))


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int64])
def test_integers_are_0_to_255_whatever_the_range(loss, last, dtype) -> None:
    integers = [tf.cast(tf.round(x * 255), dtype) for x in last]
    mask = tf.ones((2, 48, 48, 1), tf.bool)
    floats = [tf.cast(x, tf.float32) / 255 for x in integers]
    expected = loss(*floats, tf.cast(mask, tf.float32))
    assert loss(*integers, mask).numpy() == pytest.approx(expected.numpy(), rel=1e-5)


def test_xla_says_what_to_do(loss, last) -> None:
    with pytest.raises(Exception, match="set_jit_compile_to_False"):
        tf.function(loss, jit_compile=True)(*last)


def test_losses_are_pickled(loss, last) -> None:
    assert np.array_equal(pickle.loads(pickle.dumps(loss))(*last), loss(*last))
