"""Connections that wait for their next request, of this process alone."""

from __future__ import annotations

import os
import ssl
from collections import deque

from ._address import Address
from ._connection import Connection


class Pool:
    """Idle connections by process id.

    A child that was forked has its parent's sockets too; were both to use them, each would read the
    other's answers. So whoever has another process id starts with none, and lets go of what it
    inherited. A deque's ends are safe among threads without a lock, which a fork could copy locked.
    """

    def __init__(self, address: Address, context: ssl.SSLContext | None, idle_max: int) -> None:
        self.address = address
        self._context = context
        self._idle_max = idle_max
        self._idle: dict[int, deque[Connection]] = {}

    def take(self, timeout: float, *, fresh: bool = False) -> Connection:
        """An idle connection that still stands, or a new one.

        Args:
            timeout: Seconds that connecting may take.
            fresh: Whether it has to be a new one.

        Raises:
            OSError: there is nobody, or not in time.
        """
        idle = self._mine()
        while idle and not fresh:
            try:
                connection = idle.pop()
            except IndexError:
                break
            if not connection.is_stale():
                return connection
            connection.close()
        return Connection(self.address.connect(timeout, self._context))

    def give(self, connection: Connection) -> None:
        """Keeps a connection for the next request, or closes it when enough are kept."""
        idle = self._mine()
        if len(idle) < self._idle_max:
            idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Closes what is idle; what is in use is closed by whoever uses it."""
        idle = self._mine()
        while idle:
            idle.pop().close()

    def __del__(self) -> None:
        self.close()

    def _mine(self) -> deque[Connection]:
        pid = os.getpid()
        mine = self._idle.get(pid)
        if mine is None:
            for inherited in self._idle.values():
                for connection in inherited:
                    connection.close()
            mine = deque()
            self._idle = {pid: mine}
        return mine
