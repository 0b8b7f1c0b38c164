"""The client: each method is one request."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from . import _answers, _images
from ._asking import Asking
from ._images import Images
from ._pending import Pending, Threads
from ._references import Seen, TargetParts
from ._retry import Retries
from ._targets import Targets
from ._transport import Transport
from ._wire import Array
from .errors import TargetNotFoundError
from .options import (
    FeatureGradientOptions,
    FeatureLossOptions,
    FeatureOptions,
    GramOptions,
    LossOptions,
    encoded,
)
from .results import Features, GramMatrices, Info, Losses, Target

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

P = ParamSpec("P")
T = TypeVar("T")


class Client:
    """A service, asked. One client serves any number of threads and forked processes.

    It can be pickled, without its connections, and so be handed to spawned ones.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        timeout: float = 60.0,
        retries: Retries | None = None,
        connections: int = 32,
        cache_targets: bool = True,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Connects to nothing yet.

        Args:
            url: `http://host:port`, `https://host/prefix` or `unix:/path/of/socket`; None for the
                environment's `STYLELOSS_URL`, else `http://127.0.0.1:8080`.
            key: An API key, where the service wants one.
            timeout: Seconds that a call may take with all its attempts; the service is told.
            retries: When to try again.
            connections: Connections kept open, and calls of `start` that run at a time.
            cache_targets: Whether one image that comes again as the target of all outputs is put,
                and named after that: it then travels once. Costs its SHA-256 a call.
            ssl_context: For certificates of one's own.

        Raises:
            ValueError: the URL is none of these, or the key is none.
        """
        self._transport = Transport(
            url,
            key=key,
            timeout=timeout,
            retries=retries or Retries(),
            connections=connections,
            ssl_context=ssl_context,
        )
        self._asking = Asking(self._transport)
        self._threads = Threads(connections)
        self._seen = Seen() if cache_targets else None
        self.targets = Targets(self._transport)
        """The targets that the service keeps."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes idle connections and lets threads end; a later call opens new ones."""
        self._transport.close()
        self._threads.close()

    @property
    def refusals(self) -> int:
        """How often the service was too busy (429), tried again or not."""
        return self._transport.refusals

    def start(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Runs one of the client's methods beside the caller.

        `client.start(client.losses, output, target).result()`. Arrays must not change until it is
        over.
        """
        return self._threads.start(method, *args, **kwargs)

    def losses(
        self,
        output: Images,
        target: Images | Target | None = None,
        mask: Images | None = None,
        *,
        style_target: Images | Target | None = None,
        perceptual_target: Images | Target | None = None,
        gradient: bool = False,
        timeout: float | None = None,
        **options: Unpack[LossOptions],
    ) -> Losses:
        """Losses of one or many pairs of images.

        Args:
            output: 1 to N images, `(H, W)`, `(3, H, W)`, `(N, H, W, 3)`, …; see `options`.
            target: One for all outputs, or one each, of the outputs' sizes unless the loss has
                Gram terms alone.
            mask: None, one for all or one each: height and width of the pair, 1 or 3 channels,
                bool, floats in [0, 1] or integers of 0 to 255.
            style_target: Targets of the terms that compare summaries, instead of `target`.
            perceptual_target: Targets of those that compare features position by position.
            gradient: Whether to answer the gradient of each pair's `total` with respect to its
                output as well.
            timeout: Seconds; None for the client's.
            **options: `styleloss.options.LossOptions`.

        Raises:
            InvalidRequestError: the service refuses it, and says what to change.
            StyleLossError: it could not be asked, or did not answer in time.
        """
        values = encoded(options)
        if gradient or "gradient_of" in values:
            values["gradient"] = "output"
        parts = _images.parts("output", output)
        if mask is not None:
            parts += _images.masks("mask", mask)
        given = {
            "target": target,
            "style_target": style_target,
            "perceptual_target": perceptual_target,
        }
        targets = TargetParts(self.targets, self._seen, given, values)
        for attempt in range(3):
            try:
                answer, tensors = self._asking.losses(
                    "/v1/losses", parts + targets.parts(), values, timeout, targets.fields
                )
                break
            except TargetNotFoundError:
                if attempt == 2 or not targets.renew(attempt):
                    raise
        is_one = _images.is_one(output) and len(answer["results"]) == 1
        return _answers.losses(answer, tensors, is_one=is_one)

    def feature_losses(
        self,
        outputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        *,
        gradient: bool = False,
        timeout: float | None = None,
        **options: Unpack[FeatureLossOptions],
    ) -> Losses:
        """Losses of features that the caller computed, by layer, in the order `layout`.

        Args:
            outputs: float16, float32 or float64 arrays by layer; names are the caller's own.
            targets: The same of the targets, N samples too.
            gradient: Whether to answer the gradients of each sample's `total` as well, by layer.
            timeout: Seconds; None for the client's.
            **options: `styleloss.options.FeatureLossOptions`.
        """
        parts = [_images.part(f"output.{layer}", array) for layer, array in outputs.items()]
        parts += [_images.part(f"target.{layer}", array) for layer, array in targets.items()]
        values = encoded(options)
        if gradient:
            values["gradient"] = "output"
        answer, tensors = self._asking.losses("/v1/losses/features", parts, values, timeout)
        is_one = all(array.ndim < 4 for array in outputs.values()) and len(answer["results"]) == 1
        return _answers.losses(answer, tensors, is_one=is_one)

    def features(
        self, image: Images, *, timeout: float | None = None, **options: Unpack[FeatureOptions]
    ) -> Features:
        """Feature maps of N images of one size at the preset's layers, or those of `layers`."""
        parts = _images.parts("image", image)
        layers, metadata = self._asking.tensors(
            "/v1/features", parts, options, "features.", timeout
        )
        return Features(layers, metadata, _answers.notices(metadata))

    def features_gradient(
        self,
        image: Images,
        cotangents: Mapping[str, Array],
        *,
        timeout: float | None = None,
        **options: Unpack[FeatureGradientOptions],
    ) -> Array:
        """The gradient at images from gradients at layers, a vector–Jacobian product.

        Args:
            image: N images of one size.
            cotangents: By layer, the gradient of a loss by the features there, of the shape that
                `features` answers (in the images' own layout).
            timeout: Seconds; None for the client's.
            **options: `styleloss.options.FeatureGradientOptions`.

        Returns:
            float32, in the units, shape and order of the images; of files `(N, 3, H, W)`.
        """
        parts = _images.parts("image", image)
        parts += [_images.part(f"cotangent.{name}", array) for name, array in cotangents.items()]
        tensors, _ = self._asking.tensors("/v1/features/gradient", parts, options, "", timeout)
        gradient = _answers.gradients(tensors, is_one=False)["total"]
        if isinstance(gradient, tuple):
            raise ValueError("the images differ in their order of dimensions; send them in one")
        return gradient

    def gram(
        self,
        image: Images | Mapping[str, Array],
        *,
        timeout: float | None = None,
        **options: Unpack[GramOptions],
    ) -> GramMatrices:
        """Gram matrices, `(N, C, C)` by layer, of images or of features by layer."""
        if isinstance(image, Mapping):
            parts = [_images.part(f"features.{name}", array) for name, array in image.items()]
        else:
            parts = _images.parts("image", image)
        layers, metadata = self._asking.tensors("/v1/gram", parts, options, "gram.", timeout)
        return GramMatrices(layers, _answers.notices(metadata))

    def info(self, *, timeout: float | None = None) -> Info:
        """Version, network, layers, presets and limits of the service."""
        raw = self._asking.json("/v1/info", timeout)
        return Info(
            version=raw["version"],
            model=raw["model"],
            models=tuple(raw["models"]),
            layers=tuple(raw["layers"]),
            presets=tuple(raw["presets"]),
            limits=raw["limits"],
            raw=raw,
        )

    def presets(self, *, timeout: float | None = None) -> dict[str, dict[str, Any]]:
        """Every preset by its name, spelled out: what the option `loss` takes."""
        return {loss["name"]: loss for loss in self._asking.json("/v1/presets", timeout)["presets"]}

    def is_ready(self, *, timeout: float = 5.0) -> bool:
        """Whether the service is ready; an error where it does not answer, or says it is not."""
        return bool(self._asking.json("/readyz", timeout).get("status") == "ready")
