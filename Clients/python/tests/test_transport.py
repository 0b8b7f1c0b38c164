"""Retries, deadlines, cancelling, and answers that are not ours."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

import styleloss
from styleloss import Retries
from styleloss._address import Address
from styleloss._transport import Transport

from .support.sockets import Cut, answer, free_port, relay, scripted

QUICK = Retries(base=0.001)
OPTIONS = {"layout": "nchw", "range": "0..1"}


def transport(url: str, retries: Retries = QUICK, timeout: float = 10, key: str | None = None):
    return Transport(
        url, key=key, timeout=timeout, retries=retries, connections=4, ssl_context=None
    )


@pytest.mark.parametrize(
    ("url", "authority", "prefix"),
    [
        ("http://host", "host", ""),
        ("http://host:8080/", "host:8080", ""),
        ("https://host/loss/", "host", "/loss"),
        ("https://host:80", "host:80", ""),
        ("http://[::1]:8080", "[::1]:8080", ""),
        ("unix:/run/styleloss.sock", "localhost", ""),
    ],
)
def test_addresses_are_read(url: str, authority: str, prefix: str) -> None:
    address = Address.parse(url)
    assert (address.authority, address.prefix) == (authority, prefix)


@pytest.mark.parametrize(
    "url",
    [
        "host:8080",
        "ftp://host",
        "http://",
        "unix:relative",
        "http://h?q",
        "http://h/a b",
        "http://é",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Address.parse(url)


def test_what_was_meant_by_an_address_is_said() -> None:
    with pytest.raises(ValueError, match="did you mean http://host:8080"):
        Address.parse("host:8080")
    with pytest.raises(TypeError, match="text"):
        Address.parse(8080)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cut",
    [Cut(request=0), Cut(request=700), Cut(answer=0), Cut(answer=30), Cut(answer=2000)],
    ids=["at once", "in the request", "before the answer", "in its head", "in its body"],
)
def test_a_dropped_connection_is_tried_again(cut: Cut, service, pair) -> None:
    with relay(service.url, cut, cut) as middle, styleloss.Client(middle.url) as client:
        losses = client.losses(*pair, gradient=True, **OPTIONS)
        assert middle.connections == 3
    with service.client() as direct:
        expected = direct.losses(*pair, gradient=True, **OPTIONS)
    assert np.array_equal(losses.total, expected.total)
    assert np.array_equal(losses.gradient, expected.gradient)


def test_an_idle_connection_that_was_closed_costs_no_attempt(service, pair) -> None:
    once = Retries(connection=1)
    with relay(service.url) as middle, styleloss.Client(middle.url, retries=once) as client:
        client.info()
        for end in middle._sockets:
            end.shutdown(2)
        assert client.losses(*pair, **OPTIONS).total.shape == (2,)
        assert middle.connections == 2


def test_a_service_that_is_not_there_is_told_soon() -> None:
    began = time.monotonic()
    with pytest.raises(styleloss.ConnectionFailedError, match="refused"):
        transport(f"http://127.0.0.1:{free_port()}", Retries()).request("GET", "/livez")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("status", ["429 Many", "503 Unavailable", "502 Bad", "408 Slow"])
def test_busy_and_leaving_services_are_asked_again(status: str) -> None:
    with scripted(answer(status), answer(status), answer("200 OK", b"[1]")) as (url, heads):
        assert bytes(transport(url).request("GET", "/v1/info").body) == b"[1]"
        assert len(heads) == 3


def test_retry_after_is_kept_to() -> None:
    busy = answer("429 Too Many Requests", Retry_After="1")
    with scripted(busy, answer("200 OK")) as (url, _):
        began = time.monotonic()
        transport(url).request("GET", "/v1/info")
        assert time.monotonic() - began >= 1


def test_the_last_refusal_is_raised_when_there_is_no_time_for_another() -> None:
    problem = b'{"code":"queue_full","detail":"Busy.","limit":64}'
    with scripted(answer("429 Too Many Requests", problem, Retry_After="30")) as (url, _):
        began = time.monotonic()
        with pytest.raises(styleloss.BusyError, match=r"Busy\.") as caught:
            transport(url, timeout=5).request("GET", "/v1/info")
        assert time.monotonic() - began < 5
    assert (caught.value.code, caught.value.limit, caught.value.retry_after) == (
        "queue_full",
        64,
        30,
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("400 Bad", styleloss.InvalidRequestError),
        ("401 No", styleloss.NotAllowedError),
        ("404 No", styleloss.NotFoundError),
        ("413 Large", styleloss.InvalidRequestError),
        ("422 Bad", styleloss.InvalidRequestError),
        ("500 Fault", styleloss.InternalServiceError),
        ("504 Late", styleloss.DeadlineExceededError),
    ],
)
def test_other_errors_are_raised_at_once(status: str, kind: type[Exception]) -> None:
    with scripted(answer(status, b"<html>no</html>")) as (url, heads):
        with pytest.raises(kind, match="no") as caught:
            transport(url).request("GET", "/v1/info")
        assert len(heads) == 1
    assert caught.value.code == f"http_{status[:3]}"


def test_the_answer_of_another_request_is_never_taken() -> None:
    wrong = answer("200 OK", b"[1]", X_Request_Id="other")
    with scripted(wrong, answer("200 OK", b"[2]")) as (url, _):
        assert bytes(transport(url).request("GET", "/v1/info").body) == b"[2]"


def test_chunked_answers_are_read() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    with scripted(chunked) as (url, _):
        asked = transport(url)
        assert bytes(asked.request("GET", "/").body) == b"abcde"
        asked.close()


def test_the_deadline_is_sent_and_kept() -> None:
    with scripted(lambda head: time.sleep(1) or answer("200 OK")) as (url, heads):
        with pytest.raises(styleloss.TimedOutError):
            transport(url, timeout=0.3).request("GET", "/")
    assert 100 <= int(re.search(rb"X-Request-Timeout-Ms: (\d+)", heads[0])[1]) <= 300


def test_a_key_is_sent() -> None:
    with scripted(answer("200 OK")) as (url, heads):
        transport(url, key="secret").request("GET", "/")
    assert b"Authorization: Bearer secret\r\n" in heads[0]


@pytest.mark.parametrize("key", ["secret\n", "a b", "ä", "", "a\r\nX-Field: b"])
def test_a_key_that_would_leave_its_field_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        transport("http://host", key=key)
    assert not key or key not in str(caught.value)


def test_a_cancelled_call_leaves_its_connection(service) -> None:
    large = np.zeros((8, 3, 256, 256), np.float32)
    with service.client() as client:
        pending = client.start(client.losses, large, large, gradient=True, **OPTIONS)
        time.sleep(0.2)
        began = time.monotonic()
        pending.cancel()
        with pytest.raises(styleloss.CancelledError):
            pending.result()
        assert time.monotonic() - began < 2
        assert client.info().version


def test_a_call_that_waits_for_a_thread_can_be_cancelled(pair) -> None:
    with scripted(lambda head: time.sleep(0.5) or answer("200 OK")) as (url, heads):
        with styleloss.Client(url, connections=1) as client:
            first = client.start(client.is_ready)
            second = client.start(client.info)
            second.cancel()
            with pytest.raises(styleloss.CancelledError):
                second.result()
            assert first.result() is False
        assert len(heads) == 1
