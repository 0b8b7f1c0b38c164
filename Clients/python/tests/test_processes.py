"""Forks, spawned processes, pickling and many threads."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import styleloss

OPTIONS = {"layout": "nchw", "range": "0..1"}


def ask(client: styleloss.Client, seed: int, count: int) -> list[float]:
    """Totals of pairs that nobody else asks about."""
    totals = []
    for index in range(count):
        random = np.random.default_rng([seed, index])
        pair = random.random((2, 1, 3, 32, 32), np.float32)
        totals.append(float(client.losses(*pair, **OPTIONS).total[0]))
    return totals


def ask_and_send(client: styleloss.Client, seed: int, pipe) -> None:
    pipe.send(ask(client, seed, 5))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_and_parents_ask_at_the_same_time(client, method) -> None:
    expected = [ask(client, seed, 5) for seed in range(4)]
    context = multiprocessing.get_context(method)
    pipes, children = [], []
    for seed in range(1, 4):
        near, far = context.Pipe()
        child = context.Process(target=ask_and_send, args=(client, seed, far))
        child.start()
        pipes.append(near)
        children.append(child)
    assert ask(client, 0, 5) == expected[0]
    for seed, (pipe, child) in enumerate(zip(pipes, children, strict=True), 1):
        assert pipe.recv() == expected[seed]
        child.join()
        assert child.exitcode == 0


def test_a_child_closes_what_it_inherited_and_leaves_its_parents_service(client, service) -> None:
    client.info()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            service.stop()
            client.start(client.info).result()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert client.info().version


def test_clients_can_be_pickled_with_their_settings(service) -> None:
    with service.client(timeout=7, key=None) as client, pickle.loads(pickle.dumps(client)) as copy:
        assert copy._transport.timeout == 7
        assert copy.info().version == client.info().version


def test_errors_can_be_pickled(client) -> None:
    with pytest.raises(styleloss.InvalidRequestError) as caught:
        client.losses(np.zeros((3, 32, 32), np.float32), np.zeros((3, 32, 32), np.float32))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), copy.code, str(copy)) == (
        type(caught.value),
        caught.value.code,
        str(caught.value),
    )


def test_sixty_four_threads_get_through_a_queue_of_two(binary) -> None:
    options = ["--queue-jobs", "2", "--workers", "1"]
    refused = []
    with styleloss.serve(path=binary, options=options) as service:
        with service.client(timeout=120) as client:
            impatient = service.client(retries=styleloss.Retries(busy=1))

            def run(seed: int) -> list[float]:
                try:
                    ask(impatient, seed, 1)
                except styleloss.BusyError as error:
                    refused.append(error)
                return ask(client, seed, 2)

            with ThreadPoolExecutor(64) as threads:
                answers = list(threads.map(run, range(64)))
            expected = [ask(client, seed, 2) for seed in (0, 31, 63)]
            impatient.close()
    assert refused, "the queue was never full: the test tests nothing"
    assert refused[0].retry_after >= 1
    assert [answers[0], answers[31], answers[63]] == expected
