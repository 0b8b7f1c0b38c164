"""StyleLoss in PyTorch: against VGG in the process, and in every way it can be used."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import styleloss  # noqa: E402
from styleloss.torch import StyleLoss  # noqa: E402

from .conftest import IMAGES, WEIGHTS  # noqa: E402
from .support.vgg import PConvLoss  # noqa: E402


@pytest.fixture
def loss(service) -> StyleLoss:
    return StyleLoss(service.url, range="0..1")


def photograph(name: str) -> torch.Tensor:
    image = pytest.importorskip("PIL.Image").open(IMAGES / name)
    with image:
        return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255


def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two crops of photographs, of 64², and a mask each."""
    a, b = photograph("astronaut-256.png"), photograph("rocket-256.png")
    output = torch.stack([a[:, 40:104, 60:124], b[:, 100:164, 90:154]])
    target = torch.stack([b[:, 40:104, 60:124], a[:, 100:164, 90:154]])
    mask = torch.ones(2, 1, 64, 64)
    mask[0, :, 16:40, 20:50] = 0
    mask[1, :, 30:60, :33] = 0
    return output, target, mask


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """Relative, in the Euclidean norm."""
    return float((a.double() - b.double()).norm() / b.double().norm())


def value_and_gradient(loss, output, *rest) -> tuple[torch.Tensor, torch.Tensor]:
    output = output.clone().requires_grad_()
    value = loss(output, *rest)
    (gradient,) = torch.autograd.grad(value.sum(), output)
    return value.detach(), gradient


@pytest.fixture
def in_process(loss):
    """The loss in the process, float64, with the term weights that the service answers."""
    output, target, mask = batch()
    loss(output, target, mask)
    weights = {key: term.weight for key, term in loss.last[0].terms.items()}
    return PConvLoss(WEIGHTS, weights)


@pytest.mark.parametrize("masked", [False, True])
def test_values_and_gradients_are_those_of_vgg_in_the_process(loss, in_process, masked) -> None:
    output, target, mask = (t.double() for t in batch())
    rest = (target, mask) if masked else (target,)
    value, gradient = value_and_gradient(loss, output, *rest)
    expected, reference = value_and_gradient(in_process, output, *rest)
    assert value.dtype == torch.float64
    assert gradient.dtype == torch.float64
    assert value == pytest.approx(expected, rel=2e-6)
    # Decisions of ReLU, pools and signs fall otherwise in float32: torch's own float32 is as far.
    single = (t.float() for t in (output, *rest))
    _, own = value_and_gradient(in_process, *single)
    assert distance(gradient, reference) <= max(2 * distance(own, reference), 1e-3)
    cosine = torch.nn.functional.cosine_similarity(gradient.flatten(), reference.flatten(), dim=0)
    assert cosine >= 0.9999


def test_each_sample_has_its_own_upstream_gradient(loss) -> None:
    output, target, _ = batch()
    _, each = value_and_gradient(loss, output, target)
    output.requires_grad_()
    (loss(output, target) * torch.tensor([0.5, -3.0])).sum().backward()
    assert torch.equal(output.grad, each * torch.tensor([0.5, -3.0]).reshape(2, 1, 1, 1))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_reductions(service, loss, reduction) -> None:
    output, target, _ = batch()
    reduced = StyleLoss(service.url, range="0..1", reduction=reduction)
    value, gradient = value_and_gradient(reduced, output, target)
    each, by_each = value_and_gradient(loss, output, target)
    assert value == getattr(each, reduction)()
    assert torch.equal(gradient, by_each / (2 if reduction == "mean" else 1))


def test_no_gradient_is_asked_for_when_none_is_needed(loss) -> None:
    output, target, _ = batch()
    assert not loss(output, target).requires_grad
    assert not loss.last[0].gradients
    with torch.no_grad():
        loss(output.clone().requires_grad_(), target)
    assert not loss.last[0].gradients
    assert loss(output.clone().requires_grad_(), target).requires_grad
    assert loss.last[0].gradients


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("form", ["plain", "channels_last", "strided", "expanded"])
def test_dtypes_and_memory_formats(loss, dtype, form) -> None:
    output, target, _ = batch()
    if form == "channels_last":
        shaped = output.to(dtype).contiguous(memory_format=torch.channels_last)
    elif form == "strided":
        shaped = torch.empty(2, 3, 64, 128, dtype=dtype)[..., ::2].copy_(output)
    elif form == "expanded":
        shaped = output[:1].to(dtype).expand(2, 3, 64, 64)
    else:
        shaped = output.to(dtype)
    _, expected = value_and_gradient(loss, shaped.float().contiguous(), target)
    leaf = shaped.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, target).sum(), leaf)
    assert gradient.dtype == dtype
    assert torch.equal(gradient, expected.to(dtype))
    if form == "channels_last":
        assert gradient.is_contiguous(memory_format=torch.channels_last)


def test_nhwc_tensors(service, loss) -> None:
    output, target, mask = batch()
    value, gradient = value_and_gradient(loss, output, target, mask)
    last = StyleLoss(service.url, range="0..1", layout="nhwc")
    moved = (t.permute(0, 2, 3, 1).contiguous() for t in (output, target, mask))
    other, by_last = value_and_gradient(last, *moved)
    assert torch.equal(value, other)
    assert torch.equal(gradient, by_last.permute(0, 3, 1, 2))


def test_the_registered_operator_is_sound(loss) -> None:
    output, target, mask = batch()
    operator = torch.ops.styleloss.loss.default
    for form in (torch.contiguous_format, torch.channels_last):
        leaf = output.clone(memory_format=form).requires_grad_()
        arguments = (leaf, target, mask, None, loss._handle, "nchw", True)
        # The one that is left out differentiates the gradient, which is refused; what it tests
        # besides, compiled steps do.
        tests = ("test_schema", "test_autograd_registration", "test_faketensor")
        torch.library.opcheck(operator, arguments, test_utils=tests)


class Model(torch.nn.Module):
    def __init__(self, loss: StyleLoss) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution = torch.nn.Conv2d(3, 3, 3, padding=1)
        self.loss = loss

    def forward(self, x, target):
        return self.loss(torch.sigmoid(self.convolution(x)), target).mean()


@pytest.mark.parametrize(
    "backend", ["eager", "aot_eager", pytest.param("inductor", marks=pytest.mark.slow)]
)
def test_compiled_training_steps_are_those_of_eager_ones(loss, backend) -> None:
    x, target, _ = batch()
    gradients = []
    for compiled in (False, True):
        torch._dynamo.reset()
        model = Model(loss)
        step = torch.compile(model, fullgraph=True, backend=backend) if compiled else model
        step(x, target).backward()
        gradients.append(model.convolution.weight.grad)
    assert distance(gradients[1], gradients[0]) < 1e-5


def test_compiled_evaluation_asks_for_no_gradient(loss) -> None:
    x, target, _ = batch()
    torch._dynamo.reset()
    step = torch.compile(Model(loss), fullgraph=True, backend="aot_eager")
    with torch.no_grad():
        step(x, target)
    assert not loss.last[0].gradients


def test_autocast_in_bfloat16_trains(loss) -> None:
    x, target, _ = batch()
    model = Model(loss)
    with torch.autocast("cpu", torch.bfloat16):
        value = model(x, target)
    value.backward()
    exact = Model(loss)
    exact(x, target).backward()
    assert value.dtype == torch.float32
    weight, reference = model.convolution.weight.grad, exact.convolution.weight.grad
    assert weight.dtype == torch.float32
    cosine = torch.nn.functional.cosine_similarity(weight.flatten(), reference.flatten(), dim=0)
    assert cosine > 0.98


def test_a_scaled_loss_keeps_small_gradients_of_half_precision(loss) -> None:
    output, target, _ = batch()
    leaf = output.half().requires_grad_()
    (loss(leaf, target).sum() * 1e-8 * 65536).backward()
    _, reference = value_and_gradient(loss, output.half().float(), target)
    assert (reference * 1e-8).half().count_nonzero() < 0.1 * reference.numel()
    assert distance(leaf.grad.double() / 65536 * 1e8, reference) < 1e-3


def test_start_and_wait_are_the_same(loss) -> None:
    output, target, mask = batch()
    value, gradient = value_and_gradient(loss, output, target, mask)
    for form in (torch.contiguous_format, torch.channels_last):
        leaf = output.clone(memory_format=form).requires_grad_()
        pending = loss.start(leaf, target, mask)
        started = pending.wait()
        started.sum().backward()
        assert torch.equal(started.detach(), value)
        assert torch.equal(leaf.grad, gradient)
    assert not loss.start(output, target).wait().requires_grad


def test_a_started_loss_can_be_cancelled(loss) -> None:
    large = torch.zeros(8, 3, 256, 256)
    pending = loss.start(large, large)
    pending.cancel()
    with pytest.raises(styleloss.CancelledError):
        pending.wait()


def test_second_derivatives_and_vmap_say_that_there_are_none(loss) -> None:
    output, target, _ = batch()
    leaf = output.requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, target).sum(), leaf, create_graph=True)
    with pytest.raises(NotImplementedError, match="first derivatives only"):
        gradient.square().sum().backward()
    with pytest.raises(NotImplementedError, match="without vmap"):
        torch.vmap(loss)(output.detach()[None], target[None])


def test_func_grad_is_refused_by_torch_and_never_wrong(loss) -> None:
    # Operators with an autograd formula of their own are not open to torch.func (pytorch#193279).
    output, target, _ = batch()
    with pytest.raises(RuntimeError, match="functorch"):
        torch.func.grad(lambda x: loss(x, target).sum())(output)


def test_style_and_content_targets_and_batches_beyond_the_limit(service) -> None:
    output, target, _ = batch()
    loss = StyleLoss(service.url, range="0..1")
    many = output.repeat(20, 1, 1, 1)
    value, gradient = value_and_gradient(loss, many, target[:1], None, output[:1])
    assert len(loss.last) == 2
    few, by_few = value_and_gradient(loss, output, target[:1], None, output[:1])
    assert torch.equal(value, few.repeat(20))
    assert torch.equal(gradient, by_few.repeat(20, 1, 1, 1))


def test_outputs_may_overshoot_their_range(service, loss) -> None:
    output, target, _ = batch()
    output = output * 1.5 - 0.25
    outside = (output < 0) | (output > 1)
    _, gradient = value_and_gradient(loss, output, target)
    assert gradient[outside].count_nonzero() > 0.9 * outside.sum()
    clamping = StyleLoss(service.url, range="0..1", out_of_range="clamp")
    value, gradient = value_and_gradient(clamping, output, target)
    assert value.equal(loss(output.clamp(0, 1), target))
    assert not gradient[outside].any()
    with pytest.raises(styleloss.InvalidRequestError, match="range"):
        StyleLoss(service.url, range="0..1", out_of_range="refuse")(output, target)


def test_gradients_in_half_precision_train_as_well(service, loss) -> None:
    output, target, _ = batch()
    half = StyleLoss(service.url, range="0..1", gradient_dtype="float16")
    _, gradient = value_and_gradient(half, output, target)
    assert gradient.dtype == torch.float32
    assert distance(gradient, value_and_gradient(loss, output, target)[1]) < 1e-3


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_integers_are_0_to_255_whatever_the_range(loss, dtype) -> None:
    output, target = ((x * 255).round().to(dtype) for x in batch()[:2])
    mask = torch.ones(len(output), 1, *output.shape[2:], dtype=torch.bool)
    expected = loss(output / 255, target / 255, mask.float())
    assert loss(output, target, mask) == pytest.approx(expected, rel=1e-5)


def test_what_cannot_be_is_said_before_it_is_sent(service, loss) -> None:
    output, target, _ = batch()
    with pytest.raises(TypeError, match="ndarray"):
        loss(output, target.numpy())
    with pytest.raises(ValueError, match="dimensions"):
        loss(output[0], target[0])
    with pytest.raises(ValueError, match="detach"):
        loss(output, target.requires_grad_())
    with pytest.raises(ValueError, match="reduction"):
        StyleLoss(service.url, reduction="most")
    with pytest.raises(ValueError, match="gradient_of"):
        StyleLoss(service.url, gradient_of=["style"])


def test_modules_are_pickled_without_connections_and_keys_stay_out_of_graphs(service) -> None:
    loss = StyleLoss(service.url, key="secret", range="0..1")
    copy = pickle.loads(pickle.dumps(loss))
    output, target, _ = batch()
    assert torch.equal(copy(output, target), loss(output, target))
    assert "secret" not in loss._handle + repr(loss)


class Scored(torch.utils.data.Dataset):
    """Samples whose own loss each worker asks for."""

    def __init__(self, loss: StyleLoss) -> None:
        self.loss = loss

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(index)
        pair = torch.rand(2, 1, 3, 32, 32, generator=generator)
        return self.loss(*pair)[0]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_data_loader_workers_ask_for_themselves(loss, method) -> None:
    data = Scored(loss)
    expected = torch.stack([data[index] for index in range(len(data))])
    loader = torch.utils.data.DataLoader(
        data, batch_size=2, num_workers=2, multiprocessing_context=method
    )
    assert torch.equal(torch.cat(list(loader)), expected)
