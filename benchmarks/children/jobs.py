"""Jobs and templates one by one: `jobs.py ours|rival MEASUREMENT`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from clients import CLIENTS, Client, Reading, Settings, reply, settings, stac_items, warm_up

# No client is loaded yet.
STARTED = time.perf_counter()


def first_job(client: Client, given: Settings) -> Reading:
    """Load the client, log in, get one job: all that a short script pays for."""
    job = client.job.get(given["job_ids"][0])
    return {"seconds": time.perf_counter() - STARTED, "digest": job.id}


def list_jobs(client: Client, given: Settings) -> Reading:
    warm_up(client)
    started = time.perf_counter()
    jobs = list(client.job.all(page_size=given["page_size"]))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [len(jobs), jobs[0].id, jobs[-1].id]}


def get_jobs(client: Client, given: Settings) -> Reading:
    warm_up(client)
    started = time.perf_counter()
    jobs = [client.job.get(job_id) for job_id in given["job_ids"]]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "digest": [job.id for job in jobs]}


def price_templates(client: Client, given: Settings) -> Reading:
    (item,) = stac_items(given["items"])
    warm_up(client)
    credits = 0
    started = time.perf_counter()
    for number in range(given["templates"]):
        template = client.template(title=f"Trees {number}", item=item)
        if template.is_valid:
            credits += template.cost.credits
    return {"seconds": time.perf_counter() - started, "digest": credits}


MEASUREMENTS: dict[str, Callable[[Client, Settings], Reading]] = {
    "first_job": first_job,
    "list_jobs": list_jobs,
    "get_jobs": get_jobs,
    "price_templates": price_templates,
}


def main() -> None:
    given = settings()
    client = CLIENTS[sys.argv[1]](given)
    reading = MEASUREMENTS[sys.argv[2]](client, given)
    client.close()
    reply(reading)


if __name__ == "__main__":
    main()
