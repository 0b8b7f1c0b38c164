"""What clients do. Each scenario returns what became of them and asserts what must not be."""

import json
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from .client import FORM, array, form, head, pair, post

UPLOAD = [("Content-Type", FORM)]
BUSY = pair(224, "relu3_1")


def standing_uploads(service):
    """More uploads than there are places, each of one byte of a thousand."""
    clients = [service.connect() for _ in range(200)]
    for client in clients:
        client.send(head("POST", "/v1/losses", UPLOAD + [("Content-Length", 1000)]) + b"x")
    return many(service, pair(16), 20)


def huge_announcements(service):
    """Uploads that announce all there is and send a byte."""
    clients = [service.connect() for _ in range(8)]
    for client in clients:
        client.send(head("POST", "/v1/losses", UPLOAD + [("Content-Length", 256 << 20)]) + b"x")
    return many(service, pair(16), 20)


def chunked_uploads(service):
    body = form(output=array(16, 16, 1), target=array(16, 16, 2))
    request = head(
        "POST", "/v1/losses?layout=hwc&layers=relu1_1", UPLOAD + [("Transfer-Encoding", "chunked")])
    request += f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    return many(service, request, 8)


def resets_with_data(service):
    for _ in range(1000):
        client = service.connect()
        client.send(head("POST", "/v1/losses", UPLOAD + [("Content-Length", 1000)]) + b"x")
        client.reset()
    return many(service, pair(16), 20)


def refused_uploads(service):
    """Uploads of a type that is not read, whose clients close behind them."""
    for _ in range(1000):
        with service.connect() as client:
            client.send(head(
                "POST", "/v1/losses", [("Content-Type", "text/plain"), ("Content-Length", 1 << 20)])
                + bytes(10_000))
    return many(service, pair(16), 20)


def slow_refused_upload(service):
    """8 MiB over 8 s, refused by the head: the client reads why."""
    with service.connect() as client:
        client.send(head(
            "POST", "/v1/losses", [("Content-Type", "text/plain"), ("Content-Length", 8 << 20)]))
        for _ in range(80):
            client.send(bytes(8 << 20 >> 3)[: (8 << 20) // 80])
            time.sleep(0.1)
        status = client.read()[0]
    assert status == 415, status
    return f"{status} after 8 s of sending"


def long_json(service):
    """Beside a JSON text of 16 MB of escapes, a small pair."""
    text = b'{"output": {"png": "' + b"\\u0041" * ((16 << 20) // 6) + b'"}}'
    thread = threading.Thread(
        target=service.ask, args=(post("/v1/losses", "application/json", text),))
    thread.start()
    time.sleep(0.02)
    start = time.monotonic()
    assert service.ask(pair(16))[0] == 200
    waited = (time.monotonic() - start) * 1000
    thread.join()
    return f"a 16x16 pair beside it took {waited:.0f} ms"


def slow_heads(service):
    """More clients than connections, each with half a head."""
    clients = [service.connect() for _ in range(1100)]
    for client in clients:
        client.send(b"GET / HT")
    time.sleep(1.5)
    return many(service, pair(16), 20)


def idle_connections(service):
    clients = [service.connect() for _ in range(1100)]
    time.sleep(1.5)
    outcome = many(service, pair(16), 20)
    return f"{outcome}, {len(clients)} idle beside them"


def slow_readers(service):
    """Answers of megabytes that nobody reads."""
    request = post(
        "/v1/features?layout=hwc&layers=relu1_1", FORM, form(image=array(224, 224, 3)))
    clients = [service.connect(receive_buffer=4096) for _ in range(40)]
    for client in clients:
        client.send(request)
    service.wait("styleloss_jobs_pending", 0)
    return many(service, pair(16), 20)


def departed_clients(service):
    """200 whole requests, each reset while it waits or is computed."""
    for _ in range(200):
        client = service.connect()
        client.send(BUSY)
        client.reset()
    start = time.monotonic()
    service.wait("styleloss_jobs_pending", 0)
    waited = (time.monotonic() - start) * 1000
    done = service.metric('styleloss_jobs_total{outcome="ok"}')
    return f"{done:.0f} of 200 were computed, the queue was empty after {waited:.0f} ms"


def overload(service):
    """A closed loop that fills the service, then fifty times as many clients and slow ones."""
    few, _ = load(service, 4, 5)
    slow = [service.connect(receive_buffer=4096) for _ in range(300)]
    for client in slow[:100]:
        client.send(b"GET / HT")
    for client in slow[100:200]:
        client.send(head("POST", "/v1/losses", UPLOAD + [("Content-Length", 1 << 20)]) + b"x")
    many_, slowest = load(service, 200, 10)
    goodput = many_[200] / 10 / (few[200] / 5)
    others = {status: n for status, n in many_.items() if status not in (200, 429)}
    assert not others, others
    return (
        f"peak {few[200] / 5:.0f}/s, at 50 times the clients and 300 slow {goodput:.0%} of it, "
        f"{many_[429]} times 429, slowest refusal {slowest:.0f} ms")


def descriptors(service):
    """200 connections where there are descriptors for a few dozen; then they are released."""
    clients = [service.connect() for _ in range(200)]
    busy = service.cpu_seconds()
    time.sleep(2)
    busy = (service.cpu_seconds() - busy) / 2
    for client in clients:
        client.socket.close()
    return f"{busy:.0%} of a CPU meanwhile, then {many(service, pair(16), 10)}"


def pipelining(service):
    """10,000 requests in one write, read late."""
    with service.connect() as client:
        sender = threading.Thread(target=client.send, args=(head("GET", "/livez") * 10_000,))
        sender.start()
        time.sleep(0.5)
        statuses = Counter(client.read()[0] for _ in range(10_000))
        sender.join()
    return dict(statuses)


def churn(service):
    for _ in range(20_000):
        service.ask(head("GET", "/livez"))
    return "20000 connections"


def drain(service):
    """SIGTERM while 16 clients ask in a loop, each on a connection of its own."""
    outcomes, over = Counter(), threading.Event()

    def ask():
        while not over.is_set():
            try:
                client = service.connect()
            except OSError:
                outcomes["refused"] += 1
                return
            with client:
                try:
                    client.send(BUSY)
                    outcomes[client.read()[0]] += 1
                except OSError:
                    outcomes["lost"] += 1

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    start = time.monotonic()
    service.is_leaving = True
    service.process.send_signal(signal.SIGTERM)
    status = service.process.wait(60)
    took = time.monotonic() - start
    over.set()
    for thread in threads:
        thread.join()
    assert status == 0 and not outcomes["lost"], (status, dict(outcomes))
    return f"exit {status} after {took:.1f} s, {dict(outcomes)}"


def many(service, request, count):
    """Good requests, all at once, none of which may be refused."""
    with ThreadPoolExecutor(count) as executor:
        start = time.monotonic()
        statuses = Counter(
            answer[0] for answer in executor.map(lambda _: service.ask(request), range(count)))
    assert statuses == {200: count}, dict(statuses)
    return f"{count} good requests answered in {(time.monotonic() - start) * 1000:.0f} ms"


def load(service, clients, seconds):
    statuses, refusals, end = Counter(), [0.0], time.monotonic() + seconds

    def ask():
        while time.monotonic() < end:
            start = time.monotonic()
            try:
                status, fields, body = service.ask(BUSY)
            except OSError as error:
                status = str(error)
            statuses[status] += 1
            if status == 429:
                assert int(fields["retry-after"]) >= 1 and json.loads(body)["code"]
                refusals.append((time.monotonic() - start) * 1000)
                time.sleep(0.2)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses, max(refusals)


# Name: flags, limit of open files, what happens.
SCENARIOS = {
    "standing-uploads": ([], None, standing_uploads),
    "huge-announcements": ([], None, huge_announcements),
    "chunked-uploads": ([], None, chunked_uploads),
    "resets-with-data": ([], None, resets_with_data),
    "refused-uploads": ([], None, refused_uploads),
    "slow-refused-upload": ([], None, slow_refused_upload),
    "long-json": ([], None, long_json),
    "slow-heads": ([], None, slow_heads),
    "idle-connections": ([], None, idle_connections),
    "slow-readers": ([], None, slow_readers),
    "departed-clients": (["--queue-jobs=300"], None, departed_clients),
    "overload": ([], None, overload),
    "descriptors": ([], 64, descriptors),
    "pipelining": ([], None, pipelining),
    "churn": ([], None, churn),
    "drain": ([], None, drain),
}
