"""Scores a table of pairs with Ray Data, against one service or several behind a proxy.

    python ray_scores.py PAIRS.csv SCORES [--url http://proxy:8080] [--workers 4]

PAIRS.csv has columns id, output and target (paths that every worker can read); SCORES becomes a
folder of Parquet files. Each worker keeps one client, and that keeps the service's queue filled but
not full.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import ray
from numpy.typing import NDArray

import styleloss
from styleloss.scoring import columns

Batch = dict[str, NDArray[Any]]


class Scorer:
    """An actor: one client for all batches it gets."""

    def __init__(self, url: str, options: dict[str, Any]) -> None:
        self.client = styleloss.Client(url, timeout=600)
        self.options = options

    def __call__(self, batch: Batch) -> Batch:
        pairs = zip(*(batch[name].tolist() for name in ("id", "output", "target")), strict=True)
        scores = columns(pairs, client=self.client, **self.options)
        return {name: np.asarray(values) for name, values in scores.items()}


def score(pairs: str, scores: str, url: str, workers: int, options: dict[str, Any]) -> None:
    """Maps the table; batches are small, so that workers end together."""
    table = ray.data.read_csv(pairs)
    scored = table.map_batches(
        Scorer,
        fn_constructor_args=(url, options),
        batch_size=64,
        # Workers wait for the service; they need next to no processor themselves.
        num_cpus=0.1,
        compute=ray.data.ActorPoolStrategy(size=workers),
    )
    scored.write_parquet(scores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs")
    parser.add_argument("scores")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--workers", type=int, default=4)
    arguments = parser.parse_args()
    score(arguments.pairs, arguments.scores, arguments.url, arguments.workers, {})


if __name__ == "__main__":
    main()
