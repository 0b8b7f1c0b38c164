"""The client for asyncio: the same calls on threads of their own, to be awaited and cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._images import Image, Images
from ._wire import Array
from .client import Client
from .options import (
    FeatureGradientOptions,
    FeatureLossOptions,
    FeatureOptions,
    GramOptions,
    LossOptions,
)
from .results import Features, GramMatrices, Info, Losses, Target

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack


class AsyncClient:
    """`Client`, awaited.

    A task that is cancelled closes its request's connection, and the service drops the job. Sockets
    are read by threads, without the event loop: answers of many megabytes do not hold it up, and as
    many calls run at a time as there are `connections`.
    """

    def __init__(self, url: str | None = None, **settings: Any) -> None:
        """Takes what `Client` takes."""
        self.client = Client(url, **settings)
        """The client that it asks with."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()

    async def losses(
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
        """`Client.losses`."""
        return await self.client.start(
            self.client.losses,
            output,
            target,
            mask,
            style_target=style_target,
            perceptual_target=perceptual_target,
            gradient=gradient,
            timeout=timeout,
            **options,
        )

    async def feature_losses(
        self,
        outputs: Mapping[str, Array],
        targets: Mapping[str, Array],
        *,
        gradient: bool = False,
        timeout: float | None = None,
        **options: Unpack[FeatureLossOptions],
    ) -> Losses:
        """`Client.feature_losses`."""
        return await self.client.start(
            self.client.feature_losses,
            outputs,
            targets,
            gradient=gradient,
            timeout=timeout,
            **options,
        )

    async def features(
        self, image: Images, *, timeout: float | None = None, **options: Unpack[FeatureOptions]
    ) -> Features:
        """`Client.features`."""
        return await self.client.start(self.client.features, image, timeout=timeout, **options)

    async def features_gradient(
        self,
        image: Images,
        cotangents: Mapping[str, Array],
        *,
        timeout: float | None = None,
        **options: Unpack[FeatureGradientOptions],
    ) -> Array:
        """`Client.features_gradient`."""
        return await self.client.start(
            self.client.features_gradient, image, cotangents, timeout=timeout, **options
        )

    async def gram(
        self,
        image: Images | Mapping[str, Array],
        *,
        timeout: float | None = None,
        **options: Unpack[GramOptions],
    ) -> GramMatrices:
        """`Client.gram`."""
        return await self.client.start(self.client.gram, image, timeout=timeout, **options)

    async def put_target(
        self,
        image: Image,
        *,
        layout: str | None = None,
        range: str | None = None,
        timeout: float | None = None,
    ) -> Target:
        """`Client.targets.put`."""
        return await self.client.start(
            self.client.targets.put, image, layout=layout, range=range, timeout=timeout
        )

    async def info(self, *, timeout: float | None = None) -> Info:
        """`Client.info`."""
        return await self.client.start(self.client.info, timeout=timeout)

    async def presets(self, *, timeout: float | None = None) -> dict[str, dict[str, Any]]:
        """`Client.presets`."""
        return await self.client.start(self.client.presets, timeout=timeout)
