"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import time

import numpy as np
import pytest

import styleloss

OPTIONS = {"layout": "nchw", "range": "0..1"}


def test_many_calls_at_once_answer_what_they_answer_alone(service, client, pair) -> None:
    async def run() -> list[styleloss.Losses]:
        async with styleloss.AsyncClient(service.url) as aio:
            calls = [aio.losses(*pair, gradient=True, **OPTIONS) for _ in range(20)]
            return await asyncio.gather(*calls)

    expected = client.losses(*pair, gradient=True, **OPTIONS)
    for losses in asyncio.run(run()):
        assert np.array_equal(losses.total, expected.total)
        assert np.array_equal(losses.gradient, expected.gradient)


def test_a_cancelled_task_drops_its_request(service) -> None:
    large = np.zeros((8, 3, 256, 256), np.float32)

    async def run() -> float:
        async with styleloss.AsyncClient(service.url) as aio:
            task = asyncio.create_task(aio.losses(large, large, gradient=True, **OPTIONS))
            await asyncio.sleep(0.2)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await aio.info()
            return time.monotonic() - began

    assert asyncio.run(run()) < 5


def test_every_method_is_there(service, client, pair) -> None:
    async def run() -> None:
        async with styleloss.AsyncClient(service.url) as aio:
            assert (await aio.info()).version == client.info().version
            assert "pconv" in await aio.presets()
            features = await aio.features(pair[0], layers=["pool1"], **OPTIONS)
            cotangents = {"pool1": np.ones_like(features.layers["pool1"])}
            gradient = await aio.features_gradient(pair[0], cotangents, **OPTIONS)
            assert gradient.shape == pair[0].shape
            gram = await aio.gram(features.layers, layout="nchw")
            assert gram.layers["pool1"].shape == (2, 64, 64)
            same = await aio.feature_losses(features.layers, features.layers, layout="nchw")
            assert np.array_equal(same.total, [0, 0])
            target = await aio.put_target(pair[1][:1], **OPTIONS)
            assert (await aio.losses(pair[0], target, **OPTIONS)).total.shape == (2,)

    asyncio.run(run())


@pytest.mark.parametrize(
    "name", ["losses", "feature_losses", "features", "features_gradient", "gram", "info", "presets"]
)
def test_the_twins_take_the_same(name: str) -> None:
    sync = inspect.signature(getattr(styleloss.Client, name)).parameters
    aio = inspect.signature(getattr(styleloss.AsyncClient, name)).parameters
    assert sync == aio
