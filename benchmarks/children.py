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
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

# No client is loaded yet.
STARTED = time.perf_counter()
REALM = "/realms/public/protocol/openid-connect"
LISTING = ("GET", "/v2/processing/jobs")
# Seconds. One poll is done long before the deadline, and the second would come after it.
DEADLINE, POLL_WAIT = 15, 60

Settings = dict[str, Any]
Reading = dict[str, Any]


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


def client_of(side: str, given: Settings) -> Any:
    """Load a client and point it at a sandbox."""
    credentials = {"username": given["username"], "password": given["password"]}
    if side == "ours":
        import up42_facade

        # Transport limits that don't count: only where nothing is measured.
        unlimited = up42_facade.TransportOptions(rate=1e6, burst=10**6)
        options = unlimited if given.get("unlimited") else None
        up42_facade.authenticate(**credentials, base_url=given["url"], options=options)
        return up42_facade
    import up42
    from up42 import host

    url = given["url"]
    host.endpoint = lambda path: f"{url}{path}"
    host.token_endpoint = lambda: f"{url}{REALM}/token"
    host.user_info_endpoint = lambda: f"{url}{REALM}/userinfo"
    up42.authenticate(**credentials)
    return up42


def warm_client(side: str, given: Settings) -> Any:
    """Return a client that has fetched and loaded what it does once only, such as the token."""
    up42 = client_of(side, given)
    next(iter(up42.Job.all(page_size=1)))
    return up42


def templates(up42: Any, given: Settings) -> Iterator[Any]:
    """Yield templates with a title of their own; the items take turns."""
    import pystac

    process = import_module(f"{up42.__name__}.processing_templates").DetectionTreesSpacept
    items = [pystac.Item.from_dict(document) for document in given["items"]]
    for number in range(given["templates"]):
        yield process(title=f"Trees {number}", item=items[number % len(items)])


def batch_of(up42: Any, given: Settings) -> Any:
    """Return a batch of the templates; its journal is on disk if a path is given."""
    return up42.Batch(list(templates(up42, given)), path=given.get("path"))


def requests_of(control_url: str, function: Callable[[], object]) -> list[Any]:
    """Call a function; return its requests that reached the sandbox."""
    address = f"{control_url}/requests"
    urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()
    function()
    with urllib.request.urlopen(address) as response:
        found: list[Any] = json.load(response)
        return found


# Jobs and templates one after another -----------------------------------------------------


def first_job(side: str, given: Settings) -> Reading:
    """Load the client, log in, get one job: all that a short script pays for."""
    job = client_of(side, given).Job.get(given["job_ids"][0])
    return {"seconds": time.perf_counter() - STARTED, "digest": job.id}


def list_jobs(side: str, given: Settings) -> Reading:
    up42 = warm_client(side, given)
    seconds, jobs = timed(lambda: list(up42.Job.all(page_size=given["page_size"])))
    return {"seconds": seconds, "digest": [len(jobs), jobs[0].id, jobs[-1].id]}


def get_jobs(side: str, given: Settings) -> Reading:
    up42 = warm_client(side, given)
    seconds, jobs = timed(lambda: [up42.Job.get(job_id) for job_id in given["job_ids"]])
    return {"seconds": seconds, "digest": [job.id for job in jobs]}


def estimate_one_by_one(side: str, given: Settings) -> Reading:
    up42 = warm_client(side, given)

    def credits() -> int:
        return sum(each.cost.credits for each in templates(up42, given) if each.is_valid)

    seconds, found = timed(credits)
    return {"seconds": seconds, "digest": found}


# Batches; the SDK has a loop, as it has nothing for many at once --------------------------


def batch_estimate(side: str, given: Settings) -> Reading:
    if side == "sdk":
        return estimate_one_by_one(side, given)
    up42 = warm_client(side, given)
    seconds, table = timed(lambda: batch_of(up42, given).estimate(progress=False))
    return {"seconds": seconds, "digest": int(table["credits"].sum())}


def batch_execute(side: str, given: Settings) -> Reading:
    up42 = warm_client(side, given)

    def execute() -> list[Any]:
        if side == "sdk":
            return [each.execute() for each in templates(up42, given) if each.is_valid]
        with batch_of(up42, given) as batch:
            batch.execute(progress=False)
            return list(batch.jobs)

    seconds, jobs = timed(execute)
    return {"seconds": seconds, "digest": len({job.id for job in jobs})}


def batch_execute_estimated(side: str, given: Settings) -> Reading:
    """Execute templates that are estimated already: processor time and listings."""
    up42 = warm_client(side, given)
    with batch_of(up42, given) as batch:
        batch.estimate(progress=False)
        started = time.process_time()
        requests = requests_of(given["control_url"], lambda: batch.execute(progress=False))
        seconds = time.process_time() - started
        jobs = len({job.id for job in batch.jobs})
    listings = sum((each["method"], each["path"]) == LISTING for each in requests)
    return {"seconds": seconds, "listings": listings, "digest": jobs}


def batch_prepare(side: str, given: Settings) -> Reading:
    """Execute templates as fast as the sandbox can, and keep their journal for others."""
    with batch_of(client_of(side, {**given, "unlimited": True}), given) as batch:
        batch.execute(progress=False)
        return {"jobs": len(batch.jobs)}


def batch_poll(side: str, given: Settings) -> Reading:
    """Poll every job once; count the requests."""
    up42 = warm_client(side, given)
    if side == "ours":

        def poll() -> None:
            with contextlib.suppress(up42.UnfinishedJob):
                batch.track(wait=POLL_WAIT, timeout=DEADLINE, progress=False)

        with up42.Batch.resume(given["path"]) as batch:
            requests = requests_of(given["control_url"], poll)
            return {"requests": len(requests), "digest": batch.counts["running"]}
    from up42.processing import JobStatus, UnfinishedJob

    jobs = list(up42.Job.all(page_size=given["templates"]))

    def poll_each() -> None:
        for job in jobs:
            with contextlib.suppress(UnfinishedJob):
                job.track(wait=0, retries=1)

    requests = requests_of(given["control_url"], poll_each)
    running = sum(job.status == JobStatus.RUNNING for job in jobs)
    return {"requests": len(requests), "digest": running}


def batch_whole(side: str, given: Settings) -> Reading:
    """Estimate, execute, and track templates: seconds, requests, and memory."""
    import_module("up42_facade")
    before = peak()
    up42 = client_of(side, {**given, "unlimited": True})

    def run() -> None:
        with batch_of(up42, given) as batch:
            batch.execute(progress=False)
            batch.track(wait=0.2, progress=False)

    started = time.perf_counter()
    requests = requests_of(given["control_url"], run)
    seconds, memory = time.perf_counter() - started, peak() - before
    return {"seconds": seconds, "requests": len(requests), "memory": memory}


# Downloads --------------------------------------------------------------------------------


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


def download_assets(side: str, given: Settings) -> Reading:
    """Download the assets of an item at once, or one after another over one connection."""
    import httpx
    import pystac

    up42 = warm_client("ours", given)
    item = pystac.Item.from_dict(given["item"])
    session = next(iter(up42.Job.all(page_size=1))).session

    def one_by_one(folder: str) -> list[Any]:
        from up42_client.api.storage import create_asset_download_url

        asset_ids = [asset.href.rpartition("/")[2] for asset in item.assets.values()]
        with httpx.Client() as http:
            for number, asset_id in enumerate(asset_ids):
                url = session.call(create_asset_download_url.request(asset_id)).url
                Path(folder, str(number)).write_bytes(http.get(url).content)
        return asset_ids

    with tempfile.TemporaryDirectory() as folder:
        if given["at_once"]:
            seconds, paths = timed(lambda: up42.download_items([item], folder, progress=False))
        else:
            seconds, paths = timed(lambda: one_by_one(folder))
        return {"seconds": seconds, "digest": len(paths)}


# Plots, maps, and arrays ------------------------------------------------------------------


def read_window(side: str, given: Settings) -> Reading:
    """Read a window of a remote image: seconds, and requests and bytes of the storage."""
    import rasterio
    from rasterio.windows import Window

    for name in ("rioxarray", "up42_facade.results._raster_results"):
        import_module(name)
    job = warm_client("ours", given).Job.get(given["job_id"])
    start, size = given["start"], given["size"]
    part = slice(start, start + size)

    def ours() -> Any:
        return job.to_xarray(assets="data.tif").isel(x=part, y=part).values

    def with_vsicurl() -> Any:
        with (
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(f"/vsicurl/{given['file_url']}") as image,
        ):
            return image.read(window=Window(start, start, size, size))

    found: list[Any] = []
    read = with_vsicurl if given["vsicurl"] else ours
    started = time.perf_counter()
    requests = requests_of(given["control_url"], lambda: found.append(read()))
    seconds = time.perf_counter() - started
    fetched = [each for each in requests if each["origin"] == "storage"]
    headers = [each["headers"] for each in fetched if each["method"] == "GET"]
    ranges = [re.findall(r"\d+", header["range"]) for header in headers]
    received = sum(int(last) - int(first) + 1 for first, last in ranges)
    digest = [list(found[0].shape), int(found[0].sum())]
    return {"seconds": seconds, "requests": len(fetched), "bytes": received, "digest": digest}


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


def make_map(side: str, given: Settings) -> Reading:
    from up42_facade import viz

    viz.map_results(given["image"], save_html=given["page"])
    return {"memory": peak(), "page": Path(given["page"]).stat().st_size}


if __name__ == "__main__":
    found = globals()[sys.argv[2]](sys.argv[1], json.load(sys.stdin))
    print()
    print(json.dumps(found))
