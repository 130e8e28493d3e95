"""One client downloads and unpacks an archive: `unpacking.py ours|rival`."""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

from clients import Reading, Settings, reply, settings
from memory import peak, written


def ours(given: Settings) -> Reading:
    import_module("up42_facade")
    before = peak()
    # A session has loaded these when it comes to a download; the SDK's imports aren't timed either.
    for name in ("httpx", "tqdm.auto", "up42_facade.downloads._remote"):
        import_module(name)
    from up42_facade.downloads import download_archive

    started = time.perf_counter()
    download_archive(lambda: given["url"], given["target"], progress=False)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "memory": peak() - before, "total": peak()}


def rival(given: Settings) -> Reading:
    from up42.utils import download_from_gcs_unpack

    before = peak()
    Path(given["target"]).mkdir()
    started = time.perf_counter()
    download_from_gcs_unpack(given["url"], given["target"])
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "memory": peak() - before, "total": peak()}


def main() -> None:
    reading = {"ours": ours, "rival": rival}[sys.argv[1]](settings())
    reply({**reading, "written": written()})


if __name__ == "__main__":
    main()
