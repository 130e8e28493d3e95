"""Settle the open questions of `openapi/README.md`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

from up42_facade.checking._document import Names, json_type
from up42_facade.checking._requests import IS_NULL, LONGER_THAN_THE_JOB, SORTBY, UNKNOWN_JOB
from up42_facade.checking._sending import FIRST_BYTES, Exchange
from up42_facade.session import UNREADABLE

# Values that a finding lists at most.
MOST_VALUES = 50
# Parameters of signed URLs: the seconds that they last, or when they end.
LIFETIMES = ("X-Goog-Expires", "X-Amz-Expires", "Expires")
# Seconds: what the signatures of cloud storage can last at most.
LONGEST_LIFE = 7 * 24 * 60 * 60

Exchanges = list[Exchange]
Settle = Callable[[Exchanges, Names], Iterable[str]]


def at(content: Any, *path: str) -> Iterator[Any]:
    """Yield what a path leads to in a JSON value; `*` stands for each entry of a list."""
    if not path:
        yield content
    elif path[0] == "*" and isinstance(content, list):
        for entry in content:
            yield from at(entry, *path[1:])
    elif isinstance(content, dict) and path[0] in content:
        yield from at(content[path[0]], *path[1:])


def received(exchanges: Exchanges, *path: str) -> Iterator[Any]:
    """Yield what a path leads to in all successful responses."""
    for exchange in exchanges:
        if exchange.status == 200:
            yield from at(exchange.body, *path)


def types_of(*path: str) -> Settle:
    return lambda exchanges, names: map(json_type, received(exchanges, *path))


def status_of(label: str = "") -> Settle:
    """Find the statuses of the requests that have a label."""
    return lambda exchanges, names: (
        str(each.status) for each in exchanges if each.label == label and each.status
    )


def one_of(*values: str, path: tuple[str, ...]) -> Settle:
    """Find those of some values that were received."""
    return lambda exchanges, names: (v for v in values if v in list(received(exchanges, *path)))


def fields(exchanges: Exchanges, names: Names) -> Iterator[str]:
    bodies = (body for body in received(exchanges) if isinstance(body, dict))
    return (f"`{names.show(name)}`" for body in bodies for name in body)


def eula_ids(exchanges: Exchanges, names: Names) -> Iterator[str]:
    for parameters in received(exchanges, "additionalParameters", "parameters"):
        yield "present" if "eula-id" in at(parameters, "*", "name") else "missing"


def page_size(name: str) -> Settle:
    """Find the number of entries on a page that another one follows."""

    def settle(exchanges: Exchanges, names: Names) -> Iterator[str]:
        for page in received([each for each in exchanges if not each.label]):
            if "next" in at(page, "links", "*", "rel"):
                yield from (str(len(e)) for e in at(page, name) if isinstance(e, list))

    return settle


def next_links(exchanges: Exchanges, names: Names) -> Iterator[str]:
    for link in received(exchanges, "links", "*"):
        if "next" in at(link, "rel"):
            start = str(link.get("href")).partition("://")[0]
            form = f"absolute with {start}" if start in ("http", "https") else "relative"
            yield f"{'POST' if link.get('method') == 'POST' else 'GET'} {form}"


def duration_unit(exchanges: Exchanges, names: Names) -> Iterator[str]:
    asked = [each for each in exchanges if each.label == LONGER_THAN_THE_JOB]
    return ("no" if jobs else "yes" for jobs in received(asked, "jobs"))


def url_life(exchanges: Exchanges, names: Names) -> Iterator[str]:
    for url in received(exchanges, "url"):
        for name, values in parse_qs(urlsplit(str(url)).query).items():
            if name in LIFETIMES and values[0].isdecimal():
                seconds = int(values[0]) - (time.time() if name == "Expires" else 0)
                if 0 < seconds <= LONGEST_LIFE:
                    yield f"about {round(seconds, -1):.0f} seconds"


ENDS = ("successful", "captured", "failed", "released")
STATUSES = ("jobs", "*", "status")
# The operations whose responses settle the questions, by the IDs in `openapi/README.md`.
QUESTIONS: dict[str, tuple[str, Settle]] = {
    "token-client": ("getAccountToken", status_of()),
    "user-claims": ("getUserInfo", fields),
    "balance-fields": ("getBalance", fields),
    "balance-amount": ("getBalance", types_of("available", "amount")),
    "process-list": ("listProcesses", types_of()),
    "process-fields": ("getProcess", fields),
    "process-eula": ("getProcess", eula_ids),
    "eula-accepted": ("getEula", types_of("acceptedAt")),
    "cost-credits": ("estimateProcessCost", types_of("totalCredits")),
    "cost-unit": ("estimateProcessCost", one_of("SQ_KM", "SKM", path=("unit",))),
    "jobs-page-size": ("listProcessingJobs", page_size("jobs")),
    "jobs-next-link": ("listProcessingJobs", next_links),
    "jobs-duration": ("listProcessingJobs", duration_unit),
    "jobs-end": ("listProcessingJobs", one_of(*ENDS, path=STATUSES)),
    "job-unknown": ("getProcessingJob", status_of(UNKNOWN_JOB)),
    "job-type": ("getProcessingJob", one_of("process", path=("type",))),
    "collections-page-size": ("listCollections", page_size("collections")),
    "search-next-link": ("searchStac", next_links),
    "search-sortby": ("searchStac", status_of(SORTBY)),
    "search-isnull": ("searchStac", status_of(IS_NULL)),
    "url-life": ("createAssetDownloadUrl", url_life),
    "url-ranges": ("createAssetDownloadUrl", status_of(FIRST_BYTES)),
    "analytics-alive": ("listJobs", status_of()),
}


def findings(operation: str, exchanges: Exchanges, names: Names) -> Iterator[tuple[str, str]]:
    """Yield the IDs of the questions that an operation settles, with what was found."""
    for id, (asked, settle) in QUESTIONS.items():
        try:
            found = sorted(set(settle(exchanges, names))) if asked == operation else []
        except UNREADABLE:
            # A body can have any form: one that can't be read settles nothing.
            continue
        if found:
            yield id, ", ".join(found[:MOST_VALUES])
