"""Starting and stopping a service of one's own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import styleloss

from .support.sockets import free_port


def test_it_is_ready_and_stops(binary) -> None:
    with styleloss.serve(path=binary) as service, service.client() as client:
        assert client.is_ready()
    assert service.process.returncode == 0
    assert not Path(service.url.removeprefix("unix:")).parent.exists()
    service.stop()


def test_it_stops_with_its_process(binary) -> None:
    code = (
        "import styleloss, sys; s = styleloss.serve(path=sys.argv[1]);"
        "print(s.process.pid, s.url.removeprefix('unix:'))"
    )
    output = subprocess.run(
        [sys.executable, "-c", code, str(binary)], capture_output=True, check=True, text=True
    ).stdout
    pid, socket = output.split()
    assert not Path(f"/proc/{pid}").exists()
    assert not Path(socket).exists()


def test_it_stops_when_its_process_is_killed(binary) -> None:
    code = (
        "import os, signal, sys, styleloss; s = styleloss.serve(path=sys.argv[1]);"
        "print(s.url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code, str(binary)]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    with styleloss.Client(killed.stdout.strip(), retries=styleloss.Retries(connection=1)) as client:
        end = time.monotonic() + 30
        with pytest.raises(styleloss.ConnectionFailedError):
            while time.monotonic() < end:
                client.is_ready()


def test_it_listens_where_it_is_told(binary) -> None:
    address = f"127.0.0.1:{free_port()}"
    with styleloss.serve(address, path=binary) as service, service.client() as client:
        assert service.url == f"http://{address}"
        assert client.is_ready()


@pytest.mark.parametrize("over", ["tcp", "unix"])
def test_a_place_that_is_taken_is_not_another_service_of_ones_own(binary, over, tmp_path) -> None:
    address = f"127.0.0.1:{free_port()}" if over == "tcp" else f"unix:{tmp_path}/socket"
    with (
        styleloss.serve(address, path=binary),
        pytest.raises(styleloss.StyleLossError, match="listens"),
    ):
        styleloss.serve(address, path=binary)


def test_a_binary_that_is_none_is_said(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="no program"):
        styleloss.serve(path=tmp_path / "styleloss")


def test_what_python_looks_at_is_no_setting_of_the_service(binary, monkeypatch, capfd) -> None:
    monkeypatch.setenv("STYLELOSS_BINARY", str(binary))
    monkeypatch.setenv("STYLELOSS_URL", "http://host")
    with styleloss.serve():
        pass
    assert capfd.readouterr().err == ""


def test_what_ends_at_once_is_said(binary) -> None:
    with pytest.raises(styleloss.StyleLossError, match="status 2"):
        styleloss.serve(path=binary, options=["--no-such-option"])


def test_the_environments_binary_is_found_though_it_is_not_activated(tmp_path, monkeypatch) -> None:
    program = tmp_path / "styleloss"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("STYLELOSS_BINARY", raising=False)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    if not (Path(styleloss.__file__).parent / "bin").exists():
        assert styleloss.server.binary() == program


def test_without_a_binary_it_says_what_to_do(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("STYLELOSS_BINARY", raising=False)
    if not (Path(styleloss.__file__).parent / "bin").exists():
        with pytest.raises(FileNotFoundError, match="STYLELOSS_BINARY"):
            styleloss.serve()
