"""One measurement of one client, in a process of its own: `_measured.py CLIENT MEASUREMENT`.

Both clients run the same lines; only how they are loaded and pointed at the sandbox differs. The
rival's interpreter has nothing of ours, so this file needs the standard library alone.

Settings come as JSON on standard input. The seconds go as JSON to standard output, with a digest
of what was read: both clients must have done the same work.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

REALM = "/realms/public/protocol/openid-connect"
STARTED = time.perf_counter()

Settings = dict[str, Any]
Measured = dict[str, Any]


class Client(NamedTuple):
    """What the measurements use of a client."""

    job: Any
    template: Any
    close: Callable[[], None]


def ours(settings: Settings) -> Client:
    import up42_facade as up42
    from up42_facade.processing_templates import DetectionTreesSpacept

    session = up42.authenticate(
        username=settings["username"], password=settings["password"], base_url=settings["url"]
    )
    return Client(up42.Job, DetectionTreesSpacept, session.close)


def rival(settings: Settings) -> Client:
    import up42
    from up42 import host
    from up42.processing_templates import DetectionTreesSpacept

    url = settings["url"]
    host.endpoint = lambda path: f"{url}{path}"
    host.token_endpoint = lambda: f"{url}{REALM}/token"
    host.user_info_endpoint = lambda: f"{url}{REALM}/userinfo"
    up42.authenticate(username=settings["username"], password=settings["password"])
    return Client(up42.Job, DetectionTreesSpacept, lambda: None)


def first_job(client: Client, settings: Settings) -> Measured:
    """Load the client, log in, get one job: all that a short script pays for."""
    job = client.job.get(settings["job_ids"][0])
    return {"seconds": time.perf_counter() - STARTED, "digest": job.id}


def list_jobs(client: Client, settings: Settings) -> Measured:
    warm_up(client)
    started = time.perf_counter()
    jobs = list(client.job.all(page_size=settings["page_size"]))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [len(jobs), jobs[0].id, jobs[-1].id]}


def get_jobs(client: Client, settings: Settings) -> Measured:
    warm_up(client)
    started = time.perf_counter()
    jobs = [client.job.get(job_id) for job_id in settings["job_ids"]]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [job.id for job in jobs]}


def price_templates(client: Client, settings: Settings) -> Measured:
    item = stac_item(settings["item_url"])
    warm_up(client)
    credits = 0
    started = time.perf_counter()
    for number in range(settings["templates"]):
        template = client.template(title=f"Trees {number}", item=item)
        if template.is_valid:
            credits += template.cost.credits
    return {"seconds": time.perf_counter() - started, "digest": credits}


def stac_item(url: str) -> Any:
    import pystac

    item = pystac.Item("scene", None, None, dt.datetime.now(dt.UTC), {})
    item.set_self_href(url)
    return item


def warm_up(client: Client) -> None:
    """Let the client fetch and load what it does once only, such as the token."""
    next(iter(client.job.all(page_size=1)))


CLIENTS: dict[str, Callable[[Settings], Client]] = {"ours": ours, "rival": rival}
MEASUREMENTS: dict[str, Callable[[Client, Settings], Measured]] = {
    "first_job": first_job,
    "list_jobs": list_jobs,
    "get_jobs": get_jobs,
    "price_templates": price_templates,
}


def main() -> None:
    settings = json.load(sys.stdin)
    client = CLIENTS[sys.argv[1]](settings)
    measured = MEASUREMENTS[sys.argv[2]](client, settings)
    client.close()
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
