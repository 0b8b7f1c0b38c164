"""StyleLoss in Keras, on each backend that is installed, in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Importing it here would choose a backend for all tests.
if importlib.util.find_spec("keras") is None:
    pytest.skip("keras is not installed", allow_module_level=True)

BACKENDS = [name for name in ("torch", "jax", "tensorflow") if importlib.util.find_spec(name)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_models_are_trained_evaluated_and_saved(service, backend, tmp_path) -> None:
    script = Path(__file__).parent / "support" / "keras_job.py"
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    job = subprocess.run(
        [sys.executable, str(script), service.url, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert job.returncode == 0, job.stdout + job.stderr
    assert f"trained on {backend}" in job.stdout
