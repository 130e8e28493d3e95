"""Downloads a file over some connections: `transfers.py ours`."""

from __future__ import annotations

import time
from importlib import import_module

from clients import reply, settings


def main() -> None:
    # A session has loaded these when it comes to a download.
    for name in ("httpx", "tqdm.auto"):
        import_module(name)
    from up42_facade.downloads import download_file

    given = settings()
    started = time.perf_counter()
    download_file(
        lambda: given["url"], given["target"], progress=False, connections=given["connections"]
    )
    reply({"seconds": time.perf_counter() - started})


if __name__ == "__main__":
    main()
