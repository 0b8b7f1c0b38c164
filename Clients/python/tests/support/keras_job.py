"""Trains small models with StyleLoss on the backend that the environment names."""

from __future__ import annotations

import sys

import keras
import numpy as np
import pytest

import styleloss
from styleloss.keras import StyleLoss

url, folder = sys.argv[1:]
backend = keras.backend.backend()
client = styleloss.Client(url)
random = np.random.default_rng(0)
x = random.random((6, 32, 32, 3), np.float32)
y = np.clip(x * 0.5 + 0.25, 0, 1)
OPTIONS = {"layout": "nhwc", "range": "0..1"}


def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.layers.Input((32, 32, 3)), keras.layers.Conv2D(3, 1, activation="sigmoid")]
    )


def compiled(loss: StyleLoss) -> keras.Model:
    made = model()
    made.compile(keras.optimizers.Adam(0.02), loss=loss, jit_compile=backend == "jax")
    return made


# Values and weights of samples.
trained = compiled(StyleLoss(url, range="0..1"))
predicted = trained.predict(x, batch_size=3, verbose=0)
expected = client.losses(predicted, y, **OPTIONS).total
assert np.isclose(trained.evaluate(x, y, batch_size=3, verbose=0), expected.mean(), rtol=1e-5)
weights = np.float32([1, 0, 2, 0, 1, 3])
weighted = trained.evaluate(x, y, batch_size=6, sample_weight=weights, verbose=0)
assert np.isclose(weighted, (expected * weights).sum() / 6, rtol=1e-4) or np.isclose(
    weighted, (expected * weights).sum() / weights.sum(), rtol=1e-4
), (weighted, expected)

# Training lowers it.
history = trained.fit(x, y, batch_size=3, epochs=6, verbose=0).history["loss"]
assert history[-1] < 0.9 * history[0], history

# A mask in the last channel of y_true.
mask = np.ones((6, 32, 32, 1), np.float32)
mask[:, 8:24, 8:20] = 0
masked = compiled(StyleLoss(url, masked=True, range="0..1"))
both = np.concatenate([y, mask], -1)
expected = client.losses(masked.predict(x, verbose=0), y, mask, **OPTIONS).total
assert np.isclose(masked.evaluate(x, both, batch_size=6, verbose=0), expected.mean(), rtol=1e-5)
masked.fit(x, both, batch_size=3, epochs=1, verbose=0)

# It is saved with its model, without its key.
secret = compiled(StyleLoss(url, key="secret", range="0..1", layers=["pool1"]))
secret.save(f"{folder}/model.keras")
again = keras.saving.load_model(f"{folder}/model.keras")
assert again.loss.get_config() == secret.loss.get_config()
assert "secret" not in str(secret.loss.get_config())
assert np.isfinite(again.evaluate(x, y, verbose=0))

if backend == "tensorflow":
    xla = model()
    xla.compile("sgd", loss=StyleLoss(url, range="0..1"), jit_compile=True)
    with pytest.raises(Exception, match="set_jit_compile_to_False"):
        xla.fit(x, y, verbose=0)

print(f"trained on {backend}")
