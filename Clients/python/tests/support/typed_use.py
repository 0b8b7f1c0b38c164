"""What a caller writes, for mypy --strict alone: it is never run."""

from __future__ import annotations

from typing import assert_type

import numpy as np
from numpy.typing import NDArray

import styleloss


def use(client: styleloss.Client, image: NDArray[np.float32]) -> None:
    losses = client.losses(image, "target.png", gradient=True, layout="nchw", range="0..1")
    assert_type(losses, styleloss.Losses)
    assert_type(losses.total, NDArray[np.float64])
    assert_type(losses.terms["style"].weight, float)
    pending = client.start(client.losses, image, b"", layers={"pool1": 0.5})
    assert_type(pending, "styleloss.Pending[styleloss.Losses]")
    assert_type(pending.result(), styleloss.Losses)
    target = client.targets.put(image, layout="nchw", range="0..1")
    client.losses([image, image], target, style_target="style.png", timeout=5)
    client.losses(image, target, range="0..2")  # type: ignore[arg-type]
    client.losses(image, target, layer=["pool1"])  # type: ignore[call-arg]
    client.losses(3.5, target)  # type: ignore[arg-type]


async def use_async(client: styleloss.AsyncClient, image: NDArray[np.float32]) -> None:
    losses = await client.losses(image, image, mask=image, out_of_range="clamp")
    assert_type(losses, styleloss.Losses)
    await client.losses(image, image, gram="none")  # type: ignore[arg-type]
