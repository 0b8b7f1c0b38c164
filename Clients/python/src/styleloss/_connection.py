"""One HTTP/1.1 connection: head and body leave together, answers land where they stay."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message

import numpy as np

Buffer = bytes | bytearray | memoryview

# IOV_MAX of Linux; more buffers than this go in several calls.
_BUFFERS_MAX = 1024
_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Response:
    """An answer, whole. The body is one buffer of its own, which results are views of."""

    status: int
    headers: Message
    body: memoryview
    keeps: bool
    """Whether the connection stays open for another request."""


class Deadline:
    """A point in time by which a call is over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds that are left, below 0 when it is past."""
        return self._end - time.monotonic()

    def check(self) -> float:
        """Seconds that are left, for a socket's timeout.

        Raises:
            TimeoutError: none are.
        """
        remaining = self.remaining
        if remaining <= 0:
            raise TimeoutError("timed out")
        return remaining


class Connection:
    """A connected socket and how often it was used. Not for several threads at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.is_fresh = True

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def abort(self) -> None:
        """Ends it from another thread: whoever waits on it gets an error."""
        with contextlib.suppress(OSError):  # It may have ended by itself.
            self._socket.shutdown(socket.SHUT_RDWR)

    def is_stale(self) -> bool:
        """Whether an idle connection can be read from: it has ended, or is out of step."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def exchange(self, method: str, buffers: Sequence[Buffer], deadline: Deadline) -> Response:
        """Sends a request, head first in `buffers`, and reads its answer.

        A service may answer before it has read all; what it says is read even when the rest could
        not be sent.

        Raises:
            OSError: the connection broke.
            http.client.HTTPException: what came is no answer.
            TimeoutError: the deadline passed.
        """
        broken: OSError | None = None
        try:
            self._send(buffers, deadline)
        except TimeoutError:
            raise
        except OSError as error:
            broken = error
        try:
            return self._receive(method, deadline)
        except (http.client.HTTPException, ConnectionError) as error:
            raise broken or error from None

    def _send(self, buffers: Sequence[Buffer], deadline: Deadline) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            for buffer in buffers:
                self._socket.settimeout(deadline.check())
                self._socket.sendall(buffer)
            return
        views = [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]
        position = 0
        while position < len(views):
            self._socket.settimeout(deadline.check())
            sent = self._socket.sendmsg(views[position : position + _BUFFERS_MAX])
            while position < len(views) and sent >= len(views[position]):
                sent -= len(views[position])
                position += 1
            if sent:
                views[position] = views[position][sent:]

    def _receive(self, method: str, deadline: Deadline) -> Response:
        self._socket.settimeout(deadline.check())
        answer = http.client.HTTPResponse(self._socket, method=method)
        try:
            answer.begin()
            if answer.chunked:
                body = memoryview(answer.read())
            elif answer.length is None:
                # A body to the end of the connection is what http.client makes of a head cut short.
                raise http.client.IncompleteRead(b"")
            else:
                # Not bytearray, which would write zeros first.
                body = np.empty(answer.length, np.uint8).data
                self._fill(answer, body, deadline)
            self.is_fresh = False
            return Response(answer.status, answer.headers, body, not answer.will_close)
        finally:
            answer.close()

    def _fill(self, answer: http.client.HTTPResponse, body: memoryview, deadline: Deadline) -> None:
        position = 0
        while position < len(body):
            self._socket.settimeout(deadline.check())
            count = answer.readinto(body[position : position + _READ_BYTES])
            if not count:
                raise http.client.IncompleteRead(b"", len(body) - position)
            position += count
