"""The requests of a check, in steps that use what earlier ones found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

from attrs import define, field

from up42_client import models
from up42_client.api.analytics import (
    get_job,
    get_job_credits,
    get_job_download_url,
    get_job_estimate,
    get_job_results,
    get_job_task_download_url,
    get_job_task_logs,
    get_job_task_quicklook,
    get_job_task_results,
    list_job_task_quicklooks,
    list_job_tasks,
    list_jobs,
)
from up42_client.api.auth import get_user_info
from up42_client.api.eulas import get_eula
from up42_client.api.payments import get_balance
from up42_client.api.processing import (
    estimate_process_cost,
    get_process,
    get_processing_job,
    list_processes,
    list_processing_jobs,
    validate_process,
)
from up42_client.api.storage import (
    create_asset_download_url,
    get_collection,
    get_item,
    get_stac_landing_page,
    list_collections,
    list_items,
    search_stac,
)
from up42_facade._common.urls import without_query
from up42_facade._common.values import as_dict, entries
from up42_facade.checking._document import Names, json_type
from up42_facade.checking._sending import FIRST_BYTES, Exchange, Sender
from up42_facade.session import UNREADABLE

# Processes and EULAs that are read, and processes and items that a template is tried with.
MOST_PROCESSES = 50
MOST_TRIED = 5
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
TITLE = "up42 check-api"
SORTING = ("processID", "status", "created", "creditConsumption.credits")
ANALYTICS_SORTING = ("createdAt", "name", "id", "mode", "status", "startedAt", "finishedAt")
# Seconds: more than any job runs, and more than the rounding of a duration.
LONGEST = 10**9
MINUTE = 60
NOT_FOUND = frozenset({403, 404})
VALIDATED = frozenset({200, 400, 422})
# Labels of requests that settle questions.
UNKNOWN_JOB = "unknown ID"
LONGER_THAN_THE_JOB = "minDuration longer than the job"
SORTBY = "sortby"
IS_NULL = "isNull"
# Values that a finding lists at most.
MOST_VALUES = 50
# Parameters of signed URLs: the seconds that they last, or when they end.
LIFETIMES = ("X-Goog-Expires", "X-Amz-Expires", "Expires")
# Seconds: what the signatures of cloud storage can last at most.
LONGEST_LIFE = 7 * 24 * 60 * 60

Exchanges = list[Exchange]
Settle = Callable[[Exchanges, Names], Iterable[str]]


@define
class Account:
    """Parts of the account that later steps need."""

    workspace_id: str | None = None
    processes: list[models.Process] = field(factory=list)
    items: list[dict[str, Any]] = field(factory=list)


def identity(send: Sender, account: Account) -> None:
    user = send.ask(get_user_info.request(), origin=send.session.hosts.auth)
    account.workspace_id = user.sub if user else None
    send.ask(get_balance.request())


def processes(send: Sender, account: Account) -> None:
    listed = send.ask(list_processes.request())
    summaries = listed if isinstance(listed, list) else (listed and listed.processes) or []
    for process_id in islice((each.id for each in summaries if each.id), MOST_PROCESSES):
        if process := send.ask(get_process.request(process_id)):
            account.processes.append(process)
    facts = [process.additional_parameters for process in account.processes]
    parameters = [each for fact in facts for each in (fact and fact.parameters) or ()]
    eulas = [each.value or [] for each in parameters if each.name == "eula-id"]
    known = dict.fromkeys(value for values in eulas for value in values if isinstance(value, str))
    for eula_id in islice(known, MOST_PROCESSES):
        send.ask(get_eula.request(eula_id))


def jobs(send: Sender, account: Account) -> None:
    def ask(label: str, **filters: Any) -> list[models.ProcessingJob]:
        page = send.ask(list_processing_jobs.request(**filters), label)
        return [job for job in (page and page.jobs) or () if job.job_id]

    listed = ask("")
    by_status = [ask(f"status={s.value}", status=[s], limit=1)[:1] for s in models.JobStatus]
    samples = [job for jobs in by_status for job in jobs]
    for job in samples:
        send.ask(get_processing_job.request(job.job_id or ""))
    send.ask(get_processing_job.request(UNKNOWN_ID), UNKNOWN_JOB, expected=NOT_FOUND)
    if account.workspace_id:
        ask("workspaceId", workspace_id=account.workspace_id, limit=1)
    for process_id in islice((job.process_id for job in listed if job.process_id), 1):
        ask("processId", process_id=[process_id], limit=1)
    ask("minDuration=0", min_duration=0, limit=1)
    ask("maxDuration", max_duration=LONGEST, limit=1)
    for order in orders(SORTING):
        ask(f"sort={order}", sort=order, limit=1)
    for job in [*listed, *samples][:1]:
        ask("ids", ids=[job.job_id])
    times = [(j.job_id, j.finished - j.started) for j in samples if j.finished and j.started]
    for job_id, duration in times[:1]:
        longer = int(duration.total_seconds()) + MINUTE
        ask(LONGER_THAN_THE_JOB, ids=[job_id], min_duration=max(longer, 0))
    send.follow_next(send.ask(list_processing_jobs.request(limit=1), "limit=1"))


def storage(send: Sender, account: Account) -> None:
    send.ask(get_stac_landing_page.request())
    listed = send.ask(list_collections.request())
    if account.workspace_id:
        send.ask(list_collections.request(workspace_id=account.workspace_id), "workspace_id")
    send.follow_next(send.ask(list_collections.request(limit=1), "limit=1"))
    for collection_id in islice(ids((listed and listed.collections) or ()), 1):
        send.ask(get_collection.request(collection_id))
        items = send.ask(list_items.request(collection_id, limit=1), "limit=1")
        send.follow_next(items)
        for item_id in islice(ids((items and items.features) or ()), 1):
            send.ask(get_item.request(collection_id, item_id))


def search(send: Sender, account: Account) -> None:
    def ask(label: str, **body: Any) -> models.StacItemCollection | None:
        return send.ask(search_stac.request(body=models.StacSearch.from_dict(body)), label)

    found = ask("")
    account.items = (found and found.features) or []
    is_null = {"op": "isNull", "args": [{"property": "job_id"}]}
    ask(IS_NULL, filter=is_null, limit=1)
    ask(SORTBY, sortby=[{"field": "properties.datetime", "direction": "desc"}], limit=1)
    geometries = filter(None, (as_dict(item.get("geometry")) for item in account.items))
    for geometry in islice(geometries, 1):
        ask("intersects", intersects=geometry, limit=1)
    send.follow_next(ask("limit=1", limit=1))
    for asset_id in islice(asset_ids(account.items), 1):
        signed = send.ask(create_asset_download_url.request(asset_id))
        if signed and signed.url:
            send.ask_file(signed.url)


def template(send: Sender, account: Account) -> None:
    """Validate templates until one is valid, and estimate its cost: both are free."""
    urls = list(islice(item_urls(account.items), MOST_TRIED))
    known = islice(filter(takes_an_item, account.processes), MOST_TRIED)
    for process_id, url in [(process.id or "", url) for process in known for url in urls]:
        body = models.ExecuteRequest(inputs={"title": TITLE, "item": url})
        send.ask(validate_process.request(process_id, body=body), expected=VALIDATED)
        if send.exchanges[-1].status == 200:
            send.ask(estimate_process_cost.request(process_id, body=body))
            return


def analytics(send: Sender, account: Account) -> None:
    project_id = send.session.project_id or ""
    first = send.ask(list_jobs.request(project_id))
    send.ask(list_jobs.request(project_id, page=1), "page=1")
    for order in orders(ANALYTICS_SORTING):
        send.ask(list_jobs.request(project_id, sort=order), f"sort={order}")
    jobs = {job.status: job.id for job in (first and first.data) or () if job.id}
    for job_id in jobs.values():
        send.ask(get_job.request(project_id, job_id))
    for job_id in filter(None, [jobs.get(models.AnalyticsStatus.SUCCEEDED)]):
        outputs(send, project_id, job_id)


def outputs(send: Sender, project_id: str, job_id: str) -> None:
    send.ask(get_job_estimate.request(project_id, job_id))
    send.ask(get_job_credits.request(project_id, job_id))
    send.ask(get_job_results.request(project_id, job_id))
    signed = send.ask(get_job_download_url.request(project_id, job_id))
    if signed and signed.data and signed.data.url:
        send.ask_file(signed.data.url)
    tasks = send.ask(list_job_tasks.request(project_id, job_id))
    for task_id in [task.id for task in (tasks and tasks.data) or () if task.id][:1]:
        of_task = (project_id, job_id, task_id)
        send.ask(get_job_task_logs.request(*of_task))
        send.ask(get_job_task_results.request(*of_task))
        send.ask(get_job_task_download_url.request(*of_task))
        images = send.ask(list_job_task_quicklooks.request(*of_task))
        for name in ((images and images.data) or [])[:1]:
            send.ask(get_job_task_quicklook.request(*of_task, name))


Step = Callable[[Sender, Account], None]
ACCOUNT_STEPS: tuple[Step, ...] = (identity, processes, jobs, storage, search, template)
ANALYTICS_STEPS: tuple[Step, ...] = (analytics,)


def orders(fields: Iterable[str]) -> list[str]:
    return [f"{name},{direction}" for name in fields for direction in ("asc", "desc")]


def ids(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the IDs of STAC objects."""
    return (each["id"] for each in objects if isinstance(each.get("id"), str) and each["id"])


def hrefs(entries: Iterable[Any]) -> Iterator[str]:
    """Yield the URLs of links or assets."""
    found = (as_dict(entry).get("href") for entry in entries)
    return (href for href in found if isinstance(href, str) and href)


def item_urls(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        links = entries(item.get("links"))
        yield from islice(hrefs(link for link in links if as_dict(link).get("rel") == "self"), 1)


def asset_ids(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    for item in items:
        for href in hrefs(as_dict(item.get("assets")).values()):
            path = without_query(href).rstrip("/").removesuffix("/download-url")
            if "/v2/assets/" in path:
                yield path.rpartition("/")[2]


def takes_an_item(process: models.Process) -> bool:
    """Return whether a title and one item are enough for a process."""
    inputs = process.inputs.additional_properties if process.inputs else {}
    required = {name for name, each in inputs.items() if each.min_occurs}
    return {"title", "item"} <= inputs.keys() and required <= {"title", "item"}


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
