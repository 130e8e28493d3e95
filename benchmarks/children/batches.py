"""Many templates and jobs: `batches.py ours|rival MEASUREMENT`.

Ours uses `Batch`, the rival a loop: it has nothing for many at once.
"""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

from clients import (
    CLIENTS,
    Client,
    Reading,
    Settings,
    reply,
    requests_of,
    settings,
    stac_items,
    warm_up,
)
from memory import peak


def templates(client: Client, given: Settings) -> Any:
    """Yield templates with a title of their own; the items take turns."""
    items = stac_items(given["items"])
    for number in range(given["templates"]):
        yield client.template(title=f"Trees {number}", item=items[number % len(items)])


def price_ours(client: Client, given: Settings) -> Reading:
    import up42_facade as up42

    warm_up(client)
    started = time.perf_counter()
    table = up42.Batch(list(templates(client, given))).estimate(progress=False)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [len(table), int(table["credits"].sum())]}


def price_rival(client: Client, given: Settings) -> Reading:
    warm_up(client)
    started = time.perf_counter()
    costs = [template.cost for template in templates(client, given) if template.is_valid]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [len(costs), sum(cost.credits for cost in costs)]}


def execute_ours(client: Client, given: Settings) -> Reading:
    import up42_facade as up42

    warm_up(client)
    started = time.perf_counter()
    batch = up42.Batch(list(templates(client, given)))
    batch.execute(progress=False)
    seconds = time.perf_counter() - started
    jobs = batch.jobs
    batch.close()
    return {"seconds": seconds, "digest": len({job.id for job in jobs})}


def execute_rival(client: Client, given: Settings) -> Reading:
    warm_up(client)
    started = time.perf_counter()
    jobs = [template.execute() for template in templates(client, given) if template.is_valid]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": len({job.id for job in jobs})}


def once_ours(client: Client, given: Settings) -> Reading:
    """Execute templates that are priced already: processor time and bytes of listings."""
    import up42_facade as up42

    warm_up(client)
    with up42.Batch(list(templates(client, given)), path=given["path"]) as batch:
        batch.estimate(progress=False)
        received = counted_bytes(LISTING)
        started = time.process_time()
        batch.execute(progress=False)
        seconds = time.process_time() - started
        jobs = len({job.id for job in batch.jobs})
    return {"seconds": seconds, "bytes": received[LISTING], "digest": jobs}


def counted_bytes(request: bytes) -> Counter[bytes]:
    """Count, from now on, the bytes that sockets receive after requests that begin like this."""
    received: Counter[bytes] = Counter()
    asked: dict[int, bytes] = {}
    send, receive = socket.socket.send, socket.socket.recv

    def listened_send(self: socket.socket, data: Any, *flags: int) -> int:
        if METHOD.match(data):
            asked[id(self)] = request if data.startswith(request) else b""
        return send(self, data, *flags)

    def listened_recv(self: socket.socket, *arguments: int) -> bytes:
        data = receive(self, *arguments)
        received[asked.get(id(self), b"")] += len(data)
        return data

    socket.socket.send = listened_send  # type: ignore[method-assign]  # listens in
    socket.socket.recv = listened_recv  # type: ignore[method-assign]  # listens in
    return received


def poll_ours(client: Client, given: Settings) -> Reading:
    """Look once at all jobs of a journal."""
    import up42_facade as up42

    warm_up(client)
    with up42.Batch.resume(given["path"]) as batch:
        requests = requests_of(given["control_url"], lambda: look(batch))
        return {"requests": requests, "digest": batch.counts["running"]}


def poll_rival(client: Client, given: Settings) -> Reading:
    """Look once at every job."""
    from up42.processing import JobStatus, UnfinishedJob

    jobs = list(client.job.all(page_size=given["templates"]))

    def poll() -> None:
        for job in jobs:
            with contextlib.suppress(UnfinishedJob):
                job.track(wait=0, retries=1)

    requests = requests_of(given["control_url"], poll)
    return {"requests": requests, "digest": sum(job.status == JobStatus.RUNNING for job in jobs)}


def memory_ours(client: Client, given: Settings) -> Reading:
    """Make a batch of templates whose jobs are in its journal, and look at all jobs once."""
    import up42_facade as up42

    with up42.Batch(list(templates(client, given)), path=given["path"]) as batch:
        look(batch)
        jobs = batch.jobs
        memory = peak() - given["imported"]
        running = sum(job.status == up42.JobStatus.RUNNING for job in jobs)
    if running != given["templates"]:
        raise RuntimeError(f"{running} running jobs instead of {given['templates']}")
    return {"memory": memory}


def look(batch: Any) -> None:
    """Let a batch look at its jobs, of which none has ended, once."""
    import up42_facade as up42

    with contextlib.suppress(up42.UnfinishedJob):
        batch.track(wait=POLL_WAIT, timeout=DEADLINE, progress=False)


METHOD = re.compile(rb"[A-Z]+ /")
LISTING = b"GET /v2/processing/jobs?"
# Seconds. A look is done long before the deadline, and the second would come after it.
DEADLINE, POLL_WAIT = 15, 60
MEASUREMENTS: dict[str, Callable[[Client, Settings], Reading]] = {
    "price_ours": price_ours,
    "price_rival": price_rival,
    "execute_ours": execute_ours,
    "execute_rival": execute_rival,
    "once_ours": once_ours,
    "poll_ours": poll_ours,
    "poll_rival": poll_rival,
    "memory_ours": memory_ours,
}


def main() -> None:
    given = settings()
    side, measurement = sys.argv[1:]
    if side == "ours":
        import_module("up42_facade")
        given["imported"] = peak()
    client = CLIENTS[side](given)
    reading = MEASUREMENTS[f"{measurement}_{side}"](client, given)
    client.close()
    reply(reading)


if __name__ == "__main__":
    main()
