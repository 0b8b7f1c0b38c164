"""Several instances behind the shipped HAProxy, asked by threads, by Ray Data and by Dask."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import styleloss

from .conftest import IMAGES, ROOT
from .support.sockets import free_port

EXAMPLES = Path(__file__).parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))
OUTPUT, TARGET = IMAGES / "crop-97x61-output.png", IMAGES / "crop-97x61-target.png"


@pytest.fixture
def cluster(binary, tmp_path) -> Iterator[tuple[str, list[styleloss.Service]]]:
    """The URL of a proxy, and the two services behind it."""
    haproxy = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if haproxy is None:
        pytest.skip("haproxy is not installed")
    ports = [free_port() for _ in range(3)]
    text = (ROOT / "Deploy/haproxy.cfg").read_text()
    for number, port in zip(("8080", "8081", "8082"), ports, strict=True):
        assert f"127.0.0.1:{number}" in text
        text = text.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(text)
    with contextlib.ExitStack() as stack:
        options = ["--drain-delay-ms", "1000"]
        services = [
            stack.enter_context(styleloss.serve(f"127.0.0.1:{port}", options, path=binary))
            for port in ports[1:]
        ]
        proxy = subprocess.Popen([haproxy, "-f", str(configuration)], stderr=subprocess.DEVNULL)
        try:
            _wait(ports[0])
            yield f"http://127.0.0.1:{ports[0]}", services
        finally:
            proxy.terminate()
            proxy.wait()


def _wait(port: int) -> None:
    with styleloss.Client(f"http://127.0.0.1:{port}", retries=styleloss.Retries(40, 200)) as client:
        assert client.is_ready(timeout=30)


@pytest.fixture
def table(tmp_path) -> Path:
    """150 pairs, one of them broken."""
    path = tmp_path / "pairs.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "output", "target"])
        for index in range(150):
            rows.writerow([f"pair-{index}", OUTPUT if index != 70 else "absent.png", TARGET])
    return path


def pairs_served(service: styleloss.Service) -> float:
    with service.client() as client:
        text = bytes(client._transport.request("GET", "/metrics").body).decode()
    (line,) = (x for x in text.splitlines() if x.startswith("styleloss_pairs_total "))
    return float(line.split()[1])


def check(scores: list[dict[str, object]], services: list[styleloss.Service]) -> None:
    with services[0].client() as client:
        expected = float(client.losses(OUTPUT, TARGET).total)
    by_id = {str(row["id"]): row for row in scores}
    assert len(scores) == len(by_id) == 150
    failed = by_id.pop("pair-70")
    assert str(failed["error"]).startswith("FileNotFoundError")
    assert {row["total"] for row in by_id.values()} == {expected}
    assert not any(row["error"] for row in by_id.values())
    assert all(pairs_served(service) > 0 for service in services)


def test_ray_data_maps_scores_over_a_table(cluster, table, tmp_path, monkeypatch) -> None:
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed")
    import ray
    import ray_scores

    url, services = cluster
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        _node_ip_address="127.0.0.1",
        runtime_env={"env_vars": {"PYTHONPATH": str(EXAMPLES)}},
    )
    try:
        ray_scores.score(str(table), str(tmp_path / "scores"), url, 2, {})
        scores = ray.data.read_parquet(str(tmp_path / "scores")).take_all()
    finally:
        ray.shutdown()
    check(scores, services)


def test_dask_maps_scores_over_a_table(cluster, table, tmp_path) -> None:
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("dask is not installed")
    import dask_scores
    import distributed

    url, services = cluster
    workers = distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None)
    with workers, distributed.Client(workers):
        paths = dask_scores.score(str(table), str(tmp_path / "scores"), url, {})
    scores = [json.loads(line) for path in paths for line in Path(path).read_text().splitlines()]
    check(scores, services)


def test_a_run_goes_on_while_an_instance_leaves(cluster, table, tmp_path) -> None:
    url, services = cluster
    leaving = threading.Thread(target=services[0].stop)

    def pairs():
        with table.open(newline="") as file:
            for number, row in enumerate(csv.DictReader(file)):
                if number == 60:
                    leaving.start()
                yield row

    with styleloss.Client(url) as client:
        summary = styleloss.score(pairs(), tmp_path / "scores.csv", client=client)
    leaving.join()
    assert services[0].process.returncode == 0
    assert (summary.scored, summary.failed) == (149, 1)


def test_requests_with_one_target_meet_one_cache(cluster) -> None:
    url, services = cluster
    with styleloss.Client(url) as client:
        for index in range(4):
            target = np.full((32, 32, 3), index * 40, np.uint8)
            kept = client.targets.put(target, layout="hwc")
            for _ in range(4):
                client.losses(np.zeros_like(target), kept, layout="hwc")
    holders = []
    for service in services:
        with service.client() as client:
            text = bytes(client._transport.request("GET", "/metrics").body).decode()
            (line,) = (
                x for x in text.splitlines() if x.startswith("styleloss_target_cache_misses_total ")
            )
            holders.append(float(line.split()[1]))
    assert sum(holders) == 4
