"""When to try again, and after how long."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Retries:
    """How often a request is tried, and the waits between; all of it within the call's `timeout`.

    Losses are pure functions of what is sent, and targets are put under their digests, so that
    every request can be sent again.

    Attributes:
        connection: Attempts of a request whose connection fails: a service that is not there is
            told within a second or two.
        busy: Attempts of a request that is answered 429 or 503: what is busy now is free later.
        base: Seconds of the first wait where the answer names none; each next one is up to twice as
            long, at random (full jitter), so that those refused together do not return together.
        cap: Seconds of the longest such wait.
    """

    connection: int = 5
    busy: int = 1000
    base: float = 0.05
    cap: float = 5.0

    def wait(self, attempt: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the attempt of this number, counted from 1.

        `Retry-After` is the least, and as much again at random comes on top.
        """
        if retry_after is not None:
            return retry_after * (1 + random.random())
        return random.random() * min(self.cap, self.base * 2.0**attempt)
