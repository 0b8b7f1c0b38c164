"""StyleLoss in JAX: under jit, grad and vmap, against what the client answers."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

jax = pytest.importorskip("jax")

import jax.numpy as jnp  # noqa: E402

from styleloss.jax import StyleLoss  # noqa: E402

OPTIONS = {"layout": "nchw", "range": "0..1"}


@pytest.fixture
def loss(service) -> StyleLoss:
    return StyleLoss(service.url, range="0..1")


@pytest.fixture
def expected(client, pair):
    return client.losses(*pair, gradient=True, **OPTIONS)


@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_values_and_gradients_are_the_services(loss, pair, expected, wrap) -> None:
    output, target = map(jnp.asarray, pair)
    assert np.array_equal(wrap(loss)(output, target), expected.total.astype(np.float32))
    assert not loss.last[0].gradients
    weighted = wrap(jax.value_and_grad(lambda x: (loss(x, target) * jnp.array([2.0, -3.0])).sum()))
    value, gradient = weighted(output)
    assert value == pytest.approx(2 * expected.total[0] - 3 * expected.total[1], rel=1e-5)
    factor = np.float32([2, -3]).reshape(2, 1, 1, 1)
    assert np.array_equal(gradient, expected.gradient * factor)


def test_a_value_and_its_gradient_are_one_request(loss, pair, monkeypatch) -> None:
    from styleloss._evaluator import evaluator

    asked = []
    ask = evaluator(loss._handle).client.losses
    monkeypatch.setattr(
        evaluator(loss._handle).client,
        "losses",
        lambda *a, **k: (asked.append(k["gradient"]), ask(*a, **k))[1],
    )
    step = jax.jit(jax.value_and_grad(lambda x: loss(x, pair[1]).sum()))
    jax.block_until_ready(step(jnp.asarray(pair[0])))
    assert asked == [True]


def test_one_sample_is_a_scalar(loss, pair, expected) -> None:
    value, gradient = jax.value_and_grad(loss)(jnp.asarray(pair[0][0]), pair[1][0])
    assert value.shape == ()
    assert value == pytest.approx(expected.total[0], rel=1e-6)
    assert np.allclose(gradient, expected.gradient[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize("inner", ["sample", "batch"])
def test_vmap_is_a_loop(loss, pair, axes, inner) -> None:
    output, target = (jnp.asarray(x) for x in pair)
    if inner == "batch":
        output, target = (jnp.stack([x, x[::-1], 1 - x]) for x in (output, target))
    arguments = [x if axis == 0 else x[0] for x, axis in zip((output, target), axes, strict=True)]
    gradient = jax.grad(lambda x, y: loss(x, y).sum())
    for function in (loss, gradient, jax.jit(gradient)):
        mapped = jax.vmap(function, in_axes=axes)(*arguments)
        looped = jnp.stack(
            [
                function(
                    *(x[i] if axis == 0 else x for x, axis in zip(arguments, axes, strict=True))
                )
                for i in range(len(output))
            ]
        )
        assert mapped.shape == looped.shape
        assert np.allclose(mapped, looped, rtol=1e-5, atol=1e-7)


def test_nested_vmap(loss, pair) -> None:
    output, target = (jnp.asarray(x) for x in pair)
    table = jax.vmap(lambda x: jax.vmap(lambda y: loss(x, y))(target))(output)
    assert table.shape == (2, 2)
    assert table[1, 0] == pytest.approx(float(loss(output[1], target[0])), rel=1e-5)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32])
def test_gradients_have_the_dtype_of_the_output(loss, pair, dtype) -> None:
    output = jnp.asarray(pair[0], dtype)
    gradient = jax.grad(lambda x: loss(x, pair[1]).sum())(output)
    assert gradient.dtype == dtype
    single = jax.grad(lambda x: loss(x, pair[1]).sum())(output.astype(jnp.float32))
    assert np.array_equal(gradient, single.astype(dtype))


def test_nhwc_masks_and_uint8_targets(service, loss, pair) -> None:
    output, target = pair
    mask = np.ones((1, 1, 48, 48), np.float32)
    mask[..., 10:30, 20:40] = 0
    target = np.round(target * 255).astype(np.uint8)
    first = jax.grad(lambda x: loss(x, target, mask).sum())(jnp.asarray(output))
    last = StyleLoss(service.url, range="0..1", layout="nhwc")
    moved = [x.transpose(0, 2, 3, 1) for x in (output, target, mask)]
    other = jax.grad(lambda x: last(x, *moved[1:]).sum())(jnp.asarray(moved[0]))
    assert np.array_equal(first, other.transpose(0, 3, 1, 2))


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_integers_are_0_to_255_whatever_the_range(loss, pair, dtype) -> None:
    integers = [np.round(x * 255).astype(dtype) for x in pair]
    mask = np.ones((2, 1, 48, 48), bool)
    expected = loss(*(np.float32(x) / 255 for x in integers), np.float32(mask))
    assert np.asarray(loss(*integers, mask)) == pytest.approx(np.asarray(expected), rel=1e-5)


def test_style_targets_of_another_size(loss, pair) -> None:
    style = np.random.default_rng(0).random((1, 3, 40, 56), np.float32)
    value = loss(pair[0], pair[1], None, style)
    assert value.shape == (2,)
    assert not np.array_equal(value, loss(*pair))


def test_training_steps_with_a_network_between(loss, pair) -> None:
    target = jnp.asarray(pair[1])

    @jax.jit
    def step(weight, x):
        def value(w):
            return loss(jax.nn.sigmoid(jnp.einsum("oc,nchw->nohw", w, x)), target).mean()

        now, gradient = jax.value_and_grad(value)(weight)
        return weight - 0.02 * gradient, now

    weight, values = jnp.eye(3), []
    for _ in range(8):
        weight, now = step(weight, jnp.asarray(pair[0]))
        values.append(float(now))
    assert values[-1] < values[0]


def test_second_and_forward_derivatives_are_refused(loss, pair) -> None:
    output = jnp.asarray(pair[0])
    with pytest.raises(Exception, match=r"JVP|jvp|differentiat"):
        jax.grad(lambda x: (jax.grad(lambda y: loss(y, pair[1]).sum())(x) ** 2).sum())(output)
    with pytest.raises(TypeError, match=r"custom_vjp|forward-mode|jvp"):
        jax.jvp(lambda x: loss(x, pair[1]), (output,), (output,))


def test_losses_are_pickled(loss, pair) -> None:
    copy = pickle.loads(pickle.dumps(loss))
    assert np.array_equal(copy(*pair), loss(*pair))


def test_an_image_without_channels_is_refused(loss, pair) -> None:
    with pytest.raises(ValueError, match="2 dimensions"):
        loss(pair[0][0, 0], pair[1][0, 0])


def test_what_the_service_refuses_reaches_the_caller(service, pair) -> None:
    loss = StyleLoss(service.url, range="0..1", preset="none")
    with pytest.raises(Exception, match="preset"):
        jax.block_until_ready(loss(*pair))
