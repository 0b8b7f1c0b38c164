"""The command `styleloss-score`."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from ..client import Client
from ..errors import StyleLossError
from . import score

_COLUMNS = ("id", "output", "target", "mask", "style_target", "perceptual_target")


def _pairs(file: TextIO) -> Iterator[dict[str, str]]:
    for row in csv.DictReader(file):
        yield {name: row[name] for name in _COLUMNS if row.get(name)}


def _option(text: str) -> tuple[str, Any]:
    name, is_pair, value = text.partition("=")
    if not is_pair:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def main(arguments: Sequence[str] | None = None) -> int:
    """Scores the pairs of a CSV file into another; the exit status is 1 where a pair failed."""
    parser = argparse.ArgumentParser(
        prog="styleloss-score", description="Scores pairs of images by a styleloss service."
    )
    parser.add_argument(
        "pairs", type=Path, help=f"a CSV file with columns of {', '.join(_COLUMNS)}"
    )
    parser.add_argument("scores", type=Path, help="where rows go: FILE.csv or FOLDER.parquet")
    parser.add_argument("--url", help="http://, https:// or unix:/; else STYLELOSS_URL")
    parser.add_argument("--option", type=_option, action="append", default=[], metavar="NAME=VALUE")
    given = parser.parse_args(arguments)
    try:
        with (
            given.pairs.open(newline="", encoding="utf-8") as file,
            Client(given.url) as client,
        ):
            summary = score(_pairs(file), given.scores, client=client, **dict(given.option))
    except (StyleLossError, OSError, ValueError) as error:
        print(f"styleloss-score: {error}", file=sys.stderr)
        return 2
    print(json.dumps(summary.to_dict()))
    return 1 if summary.failed else 0


if __name__ == "__main__":
    sys.exit(main())
