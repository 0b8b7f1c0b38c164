"""Calls that run beside the caller: one thread each, as long as they run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, ParamSpec, TypeVar

from ._transport import CURRENT, Call
from .errors import CancelledError

P = ParamSpec("P")
T = TypeVar("T")


class Pending(Generic[T]):
    """A call under way. It can be waited for, awaited and cancelled."""

    def __init__(self, future: Future[T], call: Call) -> None:
        self._future = future
        self._call = call

    def result(self, timeout: float | None = None) -> T:
        """What the call returned, or raised.

        Args:
            timeout: Seconds to wait; the call itself goes on after that.

        Raises:
            CancelledError: it was cancelled.
            TimeoutError: it was not over by then.
        """
        if self._future.cancelled():
            raise CancelledError("the call was cancelled")
        return self._future.result(timeout)

    def done(self) -> bool:
        """Whether it is over."""
        return self._future.done()

    def cancel(self) -> None:
        """Cancels it; one that was sent loses its connection, and the service drops its job."""
        self._future.cancel()
        self._call.cancel()

    def __await__(self) -> Generator[Any, None, T]:
        return self._await().__await__()

    async def _await(self) -> T:
        try:
            return await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            self._call.cancel()
            raise


class Threads:
    """Threads for calls, of this process alone: a forked child has none of its parent's."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._executors: dict[int, ThreadPoolExecutor] = {}

    def start(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Pending[T]:
        """Starts a call; it waits for a thread when all are busy."""
        call = Call()

        def run() -> T:
            CURRENT.set(call)
            try:
                call.check()
                return function(*args, **kwargs)
            finally:
                CURRENT.set(None)

        return Pending(self._executor().submit(run), call)

    def close(self) -> None:
        """Lets the threads end when their calls are over."""
        executor = self._executors.pop(os.getpid(), None)
        if executor is not None:
            executor.shutdown(wait=False)

    def _executor(self) -> ThreadPoolExecutor:
        pid = os.getpid()
        executor = self._executors.get(pid)
        if executor is None:
            executor = ThreadPoolExecutor(self._count, thread_name_prefix="styleloss")
            self._executors = {pid: self._executors.setdefault(pid, executor)}
        return self._executors[pid]

    def __getstate__(self) -> int:
        return self._count

    def __setstate__(self, count: int) -> None:
        Threads.__init__(self, count)
