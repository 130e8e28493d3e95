"""One client downloads the quicklooks of one job: `_quicklooks.py ours|rival`.

The rival's interpreter has nothing of ours, so this file needs the standard library alone.
Settings come as JSON on standard input, the seconds go to standard output.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def ours(settings: dict[str, str]) -> Any:
    import up42_facade as up42

    up42.authenticate(
        project_id=settings["project_id"],
        project_api_key=settings["project_api_key"],
        base_url=settings["url"],
    )
    job = up42.initialize_job(settings["job_id"])
    # The rival asks for this when it makes the object.
    _ = job.info
    return job


def rival(settings: dict[str, str]) -> Any:
    import up42

    def endpoint(path: str) -> str:
        return settings["url"] + path

    # Its modules took the function by name: each has to be pointed at the sandbox.
    for name, module in list(sys.modules.items()):
        for place in (module, getattr(module, "host", None)):
            if name.startswith("up42") and hasattr(place, "endpoint"):
                place.endpoint = endpoint
    up42.authenticate(
        project_id=settings["project_id"], project_api_key=settings["project_api_key"]
    )
    return up42.initialize_job(settings["job_id"], settings["project_id"])


def main() -> None:
    settings = json.load(sys.stdin)
    job = {"ours": ours, "rival": rival}[sys.argv[1]](settings)
    # Once for what only the first call pays: imports on our side, connections on both.
    job.download_quicklooks(settings["folder"])
    started = time.perf_counter()
    paths = job.download_quicklooks(settings["folder"])
    seconds = time.perf_counter() - started
    if len(paths) != 24:
        raise RuntimeError(f"{len(paths)} quicklooks instead of 24")
    print(seconds)


if __name__ == "__main__":
    main()
