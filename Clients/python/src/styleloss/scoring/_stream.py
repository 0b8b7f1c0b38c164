"""Pairs in, rows out, in order: as many requests under way as the service has use for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._pending import Pending
from ..client import Client
from ..errors import ServiceError
from ..results import Losses
from ._rows import Pair, Row, values

# Failures that are the pair's own; others end the run, which can be resumed.
_REFUSED = range(400, 429)


class Window:
    """How many requests are under way: additive increase, multiplicative decrease (Jain 1988).

    Workers are never idle with four requests each, and half of the queue is left to others. Where
    they fill it, a refusal halves the number, and as many answers as are under way add one.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        workers = limits.get("workers", 1)
        self.most = min(workers + limits.get("queue_jobs", 64) // 2, 4 * workers + 4)
        self.size = self.most
        self._answers = 0
        self._refusals = 0

    def answered(self, refusals: int) -> None:
        """Notes an answer, and how often any request has been refused so far."""
        if refusals > self._refusals:
            self.size, self._answers = max(1, self.size // 2), 0
        elif (answers := self._answers + 1) >= self.size:
            self.size, self._answers = min(self.most, self.size + 1), 0
        else:
            self._answers = answers
        self._refusals = refusals


def stream(client: Client, pairs: Iterable[Pair], options: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of pairs, in their order; pairs are taken as requests find room.

    Args:
        client: Whom to ask.
        pairs: Any number.
        options: Those of `Client.losses`.

    Raises:
        StyleLossError: the service could not be asked, or had a fault: nothing that one pair is
            to blame for.
    """
    window = Window(client.info().limits)
    pending: deque[tuple[Pair, Pending[Losses]]] = deque()
    source = iter(pairs)
    is_over = False
    try:
        while True:
            while not is_over and len(pending) < window.size:
                following = next(source, None)
                if following is None:
                    is_over = True
                else:
                    call = client.start(_losses, client, following, options)
                    pending.append((following, call))
            if not pending:
                return
            pair, call = pending.popleft()
            yield _row(pair, call)
            window.answered(client.refusals)
    finally:
        for _, call in pending:
            call.cancel()


def _losses(client: Client, pair: Pair, options: Mapping[str, Any]) -> Losses:
    images: Any = pair.images
    return client.losses(**images, **options)


def _row(pair: Pair, call: Pending[Losses]) -> Row:
    try:
        losses = call.result()
    except ServiceError as error:
        if error.status not in _REFUSED or error.status in (401, 403):
            raise
        return Row(pair.id, error=f"{error.code}: {error.detail}")
    except (FileNotFoundError, IsADirectoryError, PermissionError, TypeError) as error:
        return Row(pair.id, error=f"{type(error).__name__}: {error}")
    if losses.total.shape != ():
        return Row(pair.id, error=f"several: there are {losses.total.size} pairs in it, not one")
    return Row(pair.id, values(losses))
