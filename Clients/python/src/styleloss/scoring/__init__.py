"""Scores of data sets: pairs are streamed, rows are written, an interrupted run goes on."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..client import Client
from ..errors import StyleLossError
from ._rows import GivenPair, Pair, Row, pair
from ._stream import stream
from ._writers import Writer, writer

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..options import LossOptions

# So many pairs that fail before one is scored are no accident.
_FAILURES_MAX = 1000


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Attributes:
        scored: Pairs that have a row of values.
        failed: Pairs that have a row with an error.
        resumed: Pairs whose rows were there already.
        mean_total: The mean of this run's totals; NaN of none.
        seconds: How long it took.
    """

    scored: int
    failed: int
    resumed: int
    mean_total: float
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict."""
        return asdict(self)


def rows(
    pairs: Iterable[GivenPair], *, client: Client | None = None, **options: Unpack[LossOptions]
) -> Iterator[Row]:
    """The rows of pairs, in order, as they are scored; memory is that of what is under way.

    Args:
        pairs: `(output, target)`, `(id, output, target)` or mappings; see `GivenPair`. Read as
            requests find room, and no further.
        client: Whom to ask; None for `Client()`.
        **options: Those of `Client.losses`.

    Raises:
        StyleLossError: the service could not be asked. What is wrong with one pair is in its row.
    """
    return stream(client or Client(), _numbered(pairs), options)


def columns(
    pairs: Iterable[GivenPair], *, client: Client | None = None, **options: Unpack[LossOptions]
) -> dict[str, NDArray[Any]]:
    """`rows` as columns, for what maps tables: `id` and `error` of str, the rest float64.

    What a failed pair has no value for is NaN.
    """
    scored = list(rows(pairs, client=client, **options))
    names = next((row.values.keys() for row in scored if row.values), ("total",))
    return {
        "id": np.array([row.id for row in scored]),
        **{n: np.array([row.values.get(n, np.nan) for row in scored], float) for n in names},
        "error": np.array([row.error for row in scored]),
    }


def score(
    pairs: Iterable[GivenPair],
    path: str | os.PathLike[str],
    *,
    client: Client | None = None,
    resume: bool = True,
    progress: bool = True,
    **options: Unpack[LossOptions],
) -> Summary:
    """Scores pairs into a file, in order: `id`, `total`, each term, each layer, `error`.

    Run again after an interruption, with the same pairs, it goes on where it was.

    Args:
        pairs: As `rows` takes them, in the same order each time.
        path: `scores.csv`, or `scores.parquet` for a folder of Parquet files (needs pyarrow).
        client: Whom to ask; None for `Client()`.
        resume: Whether rows that are there are kept; False raises FileExistsError for them.
        progress: Whether to show a bar, where tqdm is installed.
        **options: Those of `Client.losses`.

    Raises:
        ValueError: what is there is of other pairs or options.
        StyleLossError: the service could not be asked, or no pair could be scored, or none of the
            first thousand.
    """
    began = time.monotonic()
    target = Path(path)
    if target.exists() and not resume:
        raise FileExistsError(f"{target} is there already")
    sink = writer(target)
    source = _numbered(pairs)
    tick = _bar(pairs) if progress else _no_bar
    resumed = scored = failed = 0
    total = 0.0
    early: list[Row] = []
    try:
        for name in sink.written():
            _match(next(source, None), name)
            resumed += 1
            tick(1)
        for row in stream(client or Client(), source, options):
            tick(1)
            failed += bool(row.error)
            scored += not row.error
            total += row.values.get("total", 0.0)
            # A failed pair does not tell the columns: such rows wait for one that does.
            early.append(row)
            if not sink.columns and not row.error:
                sink.columns = list(row.to_dict())
            if sink.columns:
                _write_all(sink, early)
                early = []
            elif len(early) >= _FAILURES_MAX:
                break
        if early:
            raise StyleLossError(f"no pair could be scored; the last one: {early[-1].error}")
    finally:
        sink.close()
        tick(None)
    mean = total / scored if scored else float("nan")
    return Summary(scored, failed, resumed, mean, time.monotonic() - began)


def _write_all(sink: Writer, rows: list[Row]) -> None:
    for row in rows:
        sink.write(row)


def _numbered(pairs: Iterable[GivenPair]) -> Iterator[Pair]:
    return (pair(given, index) for index, given in enumerate(pairs))


def _match(given: Pair | None, name: str) -> None:
    if given is None or given.id != name:
        there = "nothing" if given is None else given.id
        raise ValueError(f"the file goes on with {name} where the pairs have {there}")


def _no_bar(step: int | None) -> None:
    pass


def _bar(pairs: Iterable[GivenPair]) -> Callable[[int | None], Any]:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return _no_bar
    count = len(pairs) if isinstance(pairs, Sized) else None
    bar = tqdm(total=count, unit="pair", disable=None, file=sys.stderr)
    return lambda step: bar.close() if step is None else bar.update(step)


__all__ = ["GivenPair", "Row", "Summary", "columns", "rows", "score"]
