"""A service of one's own: the binary, started and stopped."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._address import Address
from ._retry import Retries
from .client import Client
from .errors import StyleLossError

if TYPE_CHECKING:
    from typing_extensions import Self

_STOP_SECONDS = 30.0

# Ends the service when standard input does: this process holds the other end of that pipe, and lets
# go of it however it ends, by SIGKILL too.
_GUARD = """
exec 3<&0
"$@" </dev/null &
service=$!
{ read -r _; kill "$service"; } <&3 &
reader=$!
wait "$service"
status=$?
kill "$reader" 2>/dev/null
exit "$status"
"""


def binary() -> Path:
    """The service's binary: `STYLELOSS_BINARY`, this wheel's, the environment's, or the PATH's.

    Raises:
        FileNotFoundError: there is none.
    """
    packaged = Path(__file__).with_name("bin") / "styleloss"
    # An environment's scripts, those of the wheel styleloss-server among them, are on the PATH only
    # where it was activated.
    scripts = shutil.which("styleloss", path=sysconfig.get_path("scripts"))
    found = (
        os.environ.get("STYLELOSS_BINARY")
        or (packaged if packaged.exists() else None)
        or scripts
        or shutil.which("styleloss")
    )
    if found is None:
        raise FileNotFoundError(
            "There is no styleloss binary on the PATH or in this package; "
            "name one in STYLELOSS_BINARY."
        )
    return Path(found)


class Service:
    """A running service; `serve` starts one."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, folder: str | None) -> None:
        self.url = url
        """What `Client` takes."""
        self.process = process
        """A shell that guards it, the leader of its process group."""
        self._folder = folder
        self._owner = os.getpid()
        atexit.register(self.stop)

    def client(self, **settings: Any) -> Client:
        """A client of it, with the settings of `Client`."""
        return Client(self.url, **settings)

    def stop(self) -> None:
        """Stops it, once what it works on is done; nothing when it has stopped.

        A forked child does not stop its parent's service.
        """
        if os.getpid() != self._owner:
            return
        atexit.unregister(self.stop)
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def serve(
    listen: str | None = None,
    options: Sequence[str] = (),
    *,
    path: str | os.PathLike[str] | None = None,
    timeout: float = 30.0,
) -> Service:
    """Starts a service and waits until it is ready; it stops when this process ends, however.

    Args:
        listen: `host:port` or `unix:/path`; None for a Unix socket in a folder of its own, which
            nobody else can open.
        options: Further options of the command line, `["--workers", "4"]`.
        path: The binary; None for what `binary()` finds.
        timeout: Seconds to wait.

    Raises:
        FileNotFoundError: there is no binary.
        StyleLossError: somebody listens there already, or it ended, or was not ready in time.
    """
    program = shutil.which(path or binary())
    if program is None:
        raise FileNotFoundError(f"{path or binary()} is no program that can be run")
    if listen is not None:
        _check_free(_url(listen))
    folder = None
    if listen is None:
        folder = tempfile.mkdtemp(prefix="styleloss-")
        listen = f"unix:{folder}/service.sock"
    command = [program, "serve", "--listen", listen, *options]
    if not any(option.startswith("--log-level") for option in options):
        command += ["--log-level", "warning"]
    # These tell Python where things are; the service would warn of settings that it has not.
    ours = ("STYLELOSS_BINARY", "STYLELOSS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    # In a session of its own, so that Ctrl-C interrupts a computation and not the service.
    process = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "styleloss", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    service = Service(process, _url(listen), folder)
    try:
        _wait(service, timeout)
    except BaseException:
        service.stop()
        raise
    return service


def _url(listen: str) -> str:
    return listen if listen.startswith("unix:") else f"http://{listen}"


def _check_free(url: str) -> None:
    """Whoever listens there would answer in place of the new service that cannot."""
    try:
        Address.parse(url).connect(1, None).close()
    except OSError:
        return
    raise StyleLossError(f"somebody listens at {url} already; choose another address")


def _wait(service: Service, timeout: float) -> None:
    end = time.monotonic() + timeout
    with service.client(retries=Retries(connection=1, busy=1)) as client:
        while True:
            status = service.process.poll()
            if status is not None:
                raise StyleLossError(f"the service ended with status {status}; see standard error")
            try:
                if client.is_ready(timeout=1):
                    return
            except StyleLossError:
                if time.monotonic() >= end:
                    raise
            time.sleep(0.02)
