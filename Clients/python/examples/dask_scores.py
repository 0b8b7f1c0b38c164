"""Scores a table of pairs with Dask, against one service or several behind a proxy.

    python dask_scores.py PAIRS.csv SCORES [--url http://proxy:8080] [--scheduler tcp://host:8786]

PAIRS.csv has columns id, output and target (paths that every worker can read); SCORES becomes a
folder of files of JSON lines, one a partition.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import dask.bag
import distributed

import styleloss
from styleloss.scoring import rows


@cache
def client(url: str) -> styleloss.Client:
    """A worker's client, kept for its next partition."""
    return styleloss.Client(url, timeout=600)


def score_partition(
    pairs: Iterable[dict[str, str]], url: str, options: dict[str, Any]
) -> list[str]:
    """JSON lines of a partition's scores, in order."""
    return [json.dumps(row.to_dict()) for row in rows(pairs, client=client(url), **options)]


def score(pairs: str, scores: str, url: str, options: dict[str, Any]) -> list[str]:
    """Maps the table on the cluster of the current `distributed.Client`; the files' paths."""
    with open(pairs, newline="", encoding="utf-8") as file:
        table = dask.bag.from_sequence(csv.DictReader(file), partition_size=64)
    lines = table.map_partitions(score_partition, url=url, options=options)
    paths: list[str] = lines.to_textfiles(f"{scores}/part-*.jsonl")
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pairs")
    parser.add_argument("scores")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--scheduler", help="a cluster's; without, workers on this machine")
    arguments = parser.parse_args()
    with distributed.Client(arguments.scheduler):
        score(arguments.pairs, arguments.scores, arguments.url, {})


if __name__ == "__main__":
    main()
