"""The work of one side, in a process of its own: `children.py ours|sdk FUNCTION`.

The interpreter of the official SDK has nothing of ours, so this needs the standard library and
the client alone. Settings come as JSON on standard input; the last line of standard output is
what was measured, as JSON. Needs Linux, whose /proc tells memory and bytes written.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import sys
import tempfile
import time
import urllib.request
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

# No client is loaded yet.
STARTED = time.perf_counter()
REALM = "/realms/public/protocol/openid-connect"
METHOD = re.compile(rb"[A-Z]+ /")
LISTING = b"GET /v2/processing/jobs?"
# Seconds. One poll is done long before the deadline, and the second would come after it.
DEADLINE, POLL_WAIT = 15, 60

Settings = dict[str, Any]
Reading = dict[str, Any]
WORK: dict[str, Callable[[str, Settings], Reading]] = {}


def work(function: Callable[[str, Settings], Reading]) -> Callable[[str, Settings], Reading]:
    """Register a function under its name."""
    WORK[function.__name__] = function
    return function


def timed(function: Callable[[], Any]) -> tuple[float, Any]:
    """Call a function; return the seconds that it took, and what it returned."""
    started = time.perf_counter()
    result = function()
    return time.perf_counter() - started, result


def peak() -> int:
    """Return the highest memory so far, in bytes.

    Not ru_maxrss: that begins with the highest memory of the process that started this one.
    """
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1]) * 1024


def bytes_written() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


class Client(NamedTuple):
    """The parts of a client that the measurements of processing use."""

    job: Any
    template: Any


def client_of(side: str, given: Settings) -> Client:
    """Load a client and point it at a sandbox."""
    credentials = {"username": given["username"], "password": given["password"]}
    if side == "ours":
        import up42_facade as up42
        from up42_facade.processing_templates import DetectionTreesSpacept

        # Transport limits that don't count: only where nothing is measured.
        options = up42.TransportOptions(rate=1e6, burst=10**6) if given.get("unlimited") else None
        up42.authenticate(**credentials, base_url=given["url"], options=options)
        return Client(up42.Job, DetectionTreesSpacept)
    import up42
    from up42 import host
    from up42.processing_templates import DetectionTreesSpacept

    url = given["url"]
    host.endpoint = lambda path: f"{url}{path}"
    host.token_endpoint = lambda: f"{url}{REALM}/token"
    host.user_info_endpoint = lambda: f"{url}{REALM}/userinfo"
    up42.authenticate(**credentials)
    return Client(up42.Job, DetectionTreesSpacept)


def warm_client(side: str, given: Settings) -> Client:
    """Return a client that has fetched and loaded what it does once only, such as the token."""
    client = client_of(side, given)
    next(iter(client.job.all(page_size=1)))
    return client


def templates(client: Client, given: Settings) -> Iterator[Any]:
    """Yield templates with a title of their own; the items take turns."""
    import pystac

    items = [pystac.Item.from_dict(document) for document in given["items"]]
    for number in range(given["templates"]):
        yield client.template(title=f"Trees {number}", item=items[number % len(items)])


# Jobs and templates one after another -----------------------------------------------------


@work
def first_job(side: str, given: Settings) -> Reading:
    """Load the client, log in, get one job: all that a short script pays for."""
    job = client_of(side, given).job.get(given["job_ids"][0])
    return {"seconds": time.perf_counter() - STARTED, "digest": job.id}


@work
def list_jobs(side: str, given: Settings) -> Reading:
    client = warm_client(side, given)
    seconds, jobs = timed(lambda: list(client.job.all(page_size=given["page_size"])))
    return {"seconds": seconds, "digest": [len(jobs), jobs[0].id, jobs[-1].id]}


@work
def get_jobs(side: str, given: Settings) -> Reading:
    client = warm_client(side, given)
    seconds, jobs = timed(lambda: [client.job.get(job_id) for job_id in given["job_ids"]])
    return {"seconds": seconds, "digest": [job.id for job in jobs]}


@work
def estimate_one_by_one(side: str, given: Settings) -> Reading:
    client = warm_client(side, given)

    def credits() -> int:
        return sum(each.cost.credits for each in templates(client, given) if each.is_valid)

    seconds, found = timed(credits)
    return {"seconds": seconds, "digest": found}


# Batches; the SDK has a loop, as it has nothing for many at once --------------------------


@work
def batch_estimate(side: str, given: Settings) -> Reading:
    if side == "sdk":
        return estimate_one_by_one(side, given)
    import up42_facade as up42

    client = warm_client(side, given)
    seconds, table = timed(
        lambda: up42.Batch(list(templates(client, given))).estimate(progress=False)
    )
    return {"seconds": seconds, "digest": int(table["credits"].sum())}


@work
def batch_execute(side: str, given: Settings) -> Reading:
    client = warm_client(side, given)

    def execute() -> list[Any]:
        if side == "sdk":
            return [each.execute() for each in templates(client, given) if each.is_valid]
        import up42_facade as up42

        with up42.Batch(list(templates(client, given))) as batch:
            batch.execute(progress=False)
            return list(batch.jobs)

    seconds, jobs = timed(execute)
    return {"seconds": seconds, "digest": len({job.id for job in jobs})}


@work
def batch_execute_estimated(side: str, given: Settings) -> Reading:
    """Execute templates that are estimated already: processor time and bytes of listings."""
    import up42_facade as up42

    client = warm_client(side, given)
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


@work
def batch_prepare(side: str, given: Settings) -> Reading:
    """Execute templates as fast as the sandbox can, and keep their journal for others."""
    import up42_facade as up42

    client = client_of(side, {**given, "unlimited": True})
    with up42.Batch(list(templates(client, given)), path=given["path"]) as batch:
        batch.execute(progress=False)
        return {"jobs": len(batch.jobs)}


@work
def batch_poll(side: str, given: Settings) -> Reading:
    """Poll every job once; count the requests."""
    client = warm_client(side, given)
    if side == "ours":
        import up42_facade as up42

        with up42.Batch.resume(given["path"]) as batch:
            requests = requests_of(given["control_url"], lambda: poll(batch))
            return {"requests": requests, "digest": batch.counts["running"]}
    from up42.processing import JobStatus, UnfinishedJob

    jobs = list(client.job.all(page_size=given["templates"]))

    def poll_each() -> None:
        for job in jobs:
            with contextlib.suppress(UnfinishedJob):
                job.track(wait=0, retries=1)

    requests = requests_of(given["control_url"], poll_each)
    return {"requests": requests, "digest": sum(job.status == JobStatus.RUNNING for job in jobs)}


def requests_of(control_url: str, function: Callable[[], object]) -> int:
    """Call a function; return how many requests of it reached the sandbox."""
    address = f"{control_url}/requests"
    urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()
    function()
    with urllib.request.urlopen(address) as response:
        return len(json.load(response))


def poll(batch: Any) -> None:
    """Poll the jobs of a batch once; none of them has ended."""
    import up42_facade as up42

    with contextlib.suppress(up42.UnfinishedJob):
        batch.track(wait=POLL_WAIT, timeout=DEADLINE, progress=False)


@work
def batch_memory(side: str, given: Settings) -> Reading:
    """Create a batch of templates whose jobs are in its journal, and poll all jobs once."""
    import up42_facade as up42

    before = peak()
    client = client_of(side, given)
    with up42.Batch(list(templates(client, given)), path=given["path"]) as batch:
        poll(batch)
        jobs = batch.jobs
        memory = peak() - before
        running = sum(job.status == up42.JobStatus.RUNNING for job in jobs)
    if running != given["templates"]:
        raise RuntimeError(f"{running} running jobs instead of {given['templates']}")
    return {"memory": memory}


@work
def batch_whole(side: str, given: Settings) -> Reading:
    """Estimate, execute, and track templates: seconds, requests, and memory."""
    import up42_facade as up42

    before = peak()
    client = client_of(side, {**given, "unlimited": True})

    def run() -> None:
        with up42.Batch(list(templates(client, given)), path=given["path"]) as batch:
            batch.execute(progress=False)
            batch.track(wait=0.2, progress=False)

    started = time.perf_counter()
    requests = requests_of(given["control_url"], run)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "requests": requests, "memory": peak() - before}


# Downloads --------------------------------------------------------------------------------


@work
def unpack(side: str, given: Settings) -> Reading:
    """Download and unpack an archive."""
    if side == "ours":
        import_module("up42_facade")
        before = peak()
        # A session has loaded these when it comes to a download; the SDK's imports aren't timed.
        for name in ("httpx", "tqdm.auto", "up42_facade.downloads._remote"):
            import_module(name)
        from up42_facade.downloads import download_archive

        def run() -> Any:
            return download_archive(lambda: given["url"], given["target"], progress=False)
    else:
        from up42.utils import download_from_gcs_unpack

        before = peak()
        Path(given["target"]).mkdir()

        def run() -> Any:
            return download_from_gcs_unpack(given["url"], given["target"])

    seconds, _ = timed(run)
    memory = peak()
    contents = bytes_written() / given["content"]
    return {"seconds": seconds, "memory": memory - before, "total": memory, "contents": contents}


@work
def download(side: str, given: Settings) -> Reading:
    """Download a file over some connections."""
    for name in ("httpx", "tqdm.auto"):
        import_module(name)
    from up42_facade.downloads import download_file

    seconds, _ = timed(
        lambda: download_file(
            lambda: given["url"], given["target"], progress=False, connections=given["connections"]
        )
    )
    return {"seconds": seconds}


@work
def quicklooks(side: str, given: Settings) -> Reading:
    """Download the quicklooks of one job for the second time."""
    up42: Any = import_module("up42_facade" if side == "ours" else "up42")
    credentials = {name: given[name] for name in ("project_id", "project_api_key")}
    if side == "ours":
        up42.authenticate(**credentials, base_url=given["url"])
    else:
        # Its modules took the function by name: each has to be pointed at the sandbox.
        for name, module in list(sys.modules.items()):
            for place in (module, getattr(module, "host", None)):
                if name.startswith("up42") and hasattr(place, "endpoint"):
                    place.endpoint = lambda path: f"{given['url']}{path}"  # type: ignore[union-attr]  # a module
        up42.authenticate(**credentials)
    job = up42.initialize_job(given["job_id"], given["project_id"])
    # The SDK asks for this when it creates the object.
    _ = job.info
    with tempfile.TemporaryDirectory() as folder:
        # Once for what only the first call pays: imports on our side, connections on both.
        job.download_quicklooks(folder)
        seconds, paths = timed(lambda: job.download_quicklooks(folder))
    return {"seconds": seconds, "digest": len(paths)}


# Plots, maps, and arrays ------------------------------------------------------------------


@work
def plot(side: str, given: Settings) -> Reading:
    """Plot an image after a small one, so that imports and the search for fonts don't count."""
    if side == "ours":
        from up42_facade import viz

        def plotted(path: str) -> Any:
            return viz.plot_results(path)
    else:
        warnings.simplefilter("ignore")
        import matplotlib.pyplot as plt
        from up42.viztools import VizTools

        def plotted(path: str) -> Any:
            VizTools().plot_results(filepaths=[path])
            return plt.gcf()

    draw(plotted(given["small"]))
    started = time.perf_counter()
    figure = plotted(given["image"])
    returned = time.perf_counter() - started
    draw(figure)
    return {"returned": returned, "drawn": time.perf_counter() - started, "memory": peak()}


def draw(figure: Any) -> None:
    """Draw a figure into memory, as a screen does."""
    import matplotlib.pyplot as plt

    figure.savefig(io.BytesIO())
    plt.close(figure)


@work
def make_map(side: str, given: Settings) -> Reading:
    from up42_facade import viz

    viz.map_results(given["image"], save_html=given["page"])
    return {"memory": peak(), "page": Path(given["page"]).stat().st_size}


if __name__ == "__main__":
    found = WORK[sys.argv[2]](sys.argv[1], json.load(sys.stdin))
    print()
    print(json.dumps(found))
