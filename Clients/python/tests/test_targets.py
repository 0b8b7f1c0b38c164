"""Targets that travel once."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import styleloss

from .conftest import IMAGES

OPTIONS = {"layout": "nchw", "range": "0..1"}
OUTPUT, TARGET = IMAGES / "crop-97x61-output.png", IMAGES / "crop-97x61-target.png"


@pytest.fixture
def requests(client, monkeypatch) -> list[tuple[str, str, int]]:
    """What the client sends: method, path and bytes."""
    sent = []
    original = client._transport.request

    def request(method, target, fields=None, body=(), **rest):
        sent.append((method, target, sum(len(memoryview(b).cast("B")) for b in body)))
        return original(method, target, fields, body, **rest)

    monkeypatch.setattr(client._transport, "request", request)
    return sent


def test_a_target_is_named_once_it_was_put(client) -> None:
    target = client.targets.put(TARGET)
    assert target.shape == (61, 97, 3)
    assert client.targets.get(target)["digest"] == target.digest
    by_reference = client.losses(OUTPUT, target)
    assert np.array_equal(by_reference.total, client.losses(OUTPUT, TARGET).total)
    assert by_reference.target_digests == (target.digest,)
    assert client.targets.delete(target)
    assert not client.targets.delete(target)
    assert client.targets.get(target) is None


def test_a_forgotten_target_is_put_again(client) -> None:
    target = client.targets.put(TARGET)
    expected = client.losses(OUTPUT, target).total
    client.targets.delete(target)
    assert np.array_equal(client.losses(OUTPUT, target).total, expected)


def test_a_forgotten_target_without_its_bytes_is_an_error(client) -> None:
    with pytest.raises(styleloss.TargetNotFoundError):
        client.losses(OUTPUT, styleloss.Target("sha256:" + "0" * 64))


def test_a_target_serves_other_processes(client) -> None:
    target = pickle.loads(pickle.dumps(client.targets.put(TARGET)))
    client.targets.delete(target)
    assert client.losses(OUTPUT, target).total > 0


def test_what_comes_again_is_put_and_named(client, pair, requests) -> None:
    target = pair[1][:1]
    totals = [client.losses(pair[0], target, **OPTIONS).total for _ in range(4)]
    assert all(np.array_equal(total, totals[0]) for total in totals)
    posts = [size for method, _, size in requests if method == "POST"]
    assert [method for method, _, _ in requests] == ["POST", "PUT", "POST", "POST", "POST"]
    assert posts[0] - posts[1] > 0.9 * target.nbytes
    assert posts[1] == posts[2] == posts[3]


def test_what_comes_again_and_is_forgotten_is_put_again(client, pair, requests) -> None:
    output, target = pair[0], pair[1][:1]
    first = client.losses(output, target, **OPTIONS)
    client.losses(output, target, **OPTIONS)
    assert client.targets.delete(first.target_digests[0] or "")
    assert np.array_equal(client.losses(output, target, **OPTIONS).total, first.total)
    assert [method for method, _, _ in requests][-3:] == ["POST", "PUT", "POST"]


def test_batches_are_sent_whole_since_one_image_has_a_digest(
    client, pair, tmp_path, requests
) -> None:
    np.save(tmp_path / "targets.npy", pair[1])
    for target in (pair[1], [pair[1][:1], pair[1][1:]], tmp_path / "targets.npy"):
        for _ in range(3):
            client.losses(pair[0], target, **OPTIONS)
    assert [method for method, _, _ in requests].count("POST") == 9
    assert [method for method, _, _ in requests].count("PUT") == 1


def test_a_service_that_keeps_nothing_is_sent_everything(binary, pair) -> None:
    with styleloss.serve(path=binary, options=["--target-cache-bytes", "0"]) as service:
        with service.client() as client:
            target = pair[1][:1]
            totals = [client.losses(pair[0], target, **OPTIONS).total for _ in range(3)]
            assert all(np.array_equal(total, totals[0]) for total in totals)


def test_without_the_cache_every_target_is_sent(service, pair) -> None:
    with service.client(cache_targets=False) as client:
        assert client._seen is None
        client.losses(*pair, **OPTIONS)


def test_proxies_are_told_the_target(client, pair, monkeypatch) -> None:
    fields = []
    original = client._transport.request

    def request(method, target, headers=None, body=(), **rest):
        fields.append((headers or {}).get("X-Target-Digest"))
        return original(method, target, headers, body, **rest)

    target = client.targets.put(TARGET)
    monkeypatch.setattr(client._transport, "request", request)
    client.losses(OUTPUT, target)
    client.losses(*pair, **OPTIONS)
    client.losses(pair[0], pair[1][:1], **OPTIONS)
    assert fields[:2] == [target.digest, None]
    assert fields[2].startswith("sha256:")


def test_style_targets_are_named_too(client, requests) -> None:
    for _ in range(3):
        client.losses(OUTPUT, TARGET, style_target=OUTPUT)
    assert [method for method, _, _ in requests] == ["POST", "PUT", "PUT", "POST", "POST"]
