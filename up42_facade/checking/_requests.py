"""The requests of a check, in steps that use what earlier ones found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

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
from up42_facade.checking._sending import Sender

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
