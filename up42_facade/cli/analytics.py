"""`up42 analytics`: jobs and tasks of the older API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.connecting import connected
from up42_facade.cli.downloading import write_paths
from up42_facade.cli.messages import on_interrupt
from up42_facade.cli.output import Output, printed
from up42_facade.cli.records import Record

JOB_FIELDS = (
    "id", "project_id", "name", "status", "mode", "workflow_id", "workflow_name", "created",
    "started", "finished", "credits", "tasks", "inputs",
)  # fmt: skip
TASK_FIELDS = ("id", "job_id", "name", "status", "block", "block_version", "started", "finished")
LOG_FIELDS = ("task_id", "log")
NOTHING_KEPT = "Nothing half-written stays; the same command starts again."


def in_project(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --project-id."""
    option = click.option(
        "--project-id", metavar="ID", help="The project, instead of UP42_PROJECT_ID."
    )
    return option(command)


def of_job(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --job."""
    return click.option("--job", "job_id", metavar="ID", required=True, help="Its job.")(command)


def with_folder(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: give it --output and --quicklooks."""
    kind = click.Path(file_okay=False, path_type=Path)
    output = click.option(
        "-o",
        "--output",
        type=kind,
        metavar="DIR",
        help="Where to; default: a folder named by project and job.",
    )
    quicklooks = click.option("--quicklooks", is_flag=True, help="The quicklooks, instead.")
    return output(quicklooks(command))


@click.group()
def analytics() -> None:
    """Jobs and tasks of the older analytics API."""


@analytics.group()
def job() -> None:
    """Jobs of a project."""


@analytics.group()
def task() -> None:
    """Tasks: the steps of a job."""


@job.command("show")
@click.argument("job_id", metavar="ID")
@in_project
@printed
@connected
def show_job(job_id: str, project_id: str | None, out: Output, session: up42.Session) -> None:
    """Show a job with its credits and its tasks."""
    found = up42.initialize_job(job_id, project_id, session)
    record = job_record(found)
    out.record(record, JOB_FIELDS)


@job.command("logs")
@click.argument("job_id", metavar="ID")
@in_project
@printed
@connected
def show_job_logs(job_id: str, project_id: str | None, out: Output, session: up42.Session) -> None:
    """Print the logs of all tasks of a job."""
    found = up42.initialize_job(job_id, project_id, session)
    logs = found.get_logs(as_print=False, as_return=True) or {}
    records = [{"task_id": task_id, "log": log} for task_id, log in logs.items()]
    text = "\n".join(f"Task {task_id}\n{log}" for task_id, log in logs.items())
    out.text(text, records, LOG_FIELDS)


@job.command("download")
@click.argument("job_id", metavar="ID")
@with_folder
@click.option("--unpack/--no-unpack", "unpacking", default=True, help="Unpack the archive. [yes]")
@in_project
@printed
@connected
def download_job(
    job_id: str,
    output: Path | None,
    quicklooks: bool,
    unpacking: bool,
    project_id: str | None,
    out: Output,
    session: up42.Session,
) -> None:
    """Download the results of a job and print their paths."""
    found = up42.initialize_job(job_id, project_id, session)
    with on_interrupt(NOTHING_KEPT):
        if quicklooks:
            paths = found.download_quicklooks(output)
        else:
            paths = found.download_results(output, unpacking)
    write_paths(out, {job_id: paths})


@task.command("show")
@click.argument("jobtask_id", metavar="ID")
@of_job
@in_project
@printed
@connected
def show_task(
    jobtask_id: str, job_id: str, project_id: str | None, out: Output, session: up42.Session
) -> None:
    """Show a task of a job."""
    found = up42.initialize_jobtask(jobtask_id, job_id, project_id, session)
    out.record({**task_record(found.info), "job_id": job_id}, TASK_FIELDS)


@task.command("logs")
@click.argument("jobtask_id", metavar="ID")
@of_job
@in_project
@printed
@connected
def show_task_logs(
    jobtask_id: str, job_id: str, project_id: str | None, out: Output, session: up42.Session
) -> None:
    """Print the log of a task."""
    log = up42.initialize_jobtask(jobtask_id, job_id, project_id, session).get_logs()
    out.text(log, [{"task_id": jobtask_id, "log": log}], LOG_FIELDS)


@task.command("download")
@click.argument("jobtask_id", metavar="ID")
@of_job
@with_folder
@in_project
@printed
@connected
def download_task(
    jobtask_id: str,
    job_id: str,
    output: Path | None,
    quicklooks: bool,
    project_id: str | None,
    out: Output,
    session: up42.Session,
) -> None:
    """Download the results of a task and print their paths."""
    found = up42.initialize_jobtask(jobtask_id, job_id, project_id, session)
    with on_interrupt(NOTHING_KEPT):
        paths = (found.download_quicklooks if quicklooks else found.download_results)(output)
    write_paths(out, {job_id: paths})


def job_record(job: Any) -> Record:
    """Return an analytics job with its credits and tasks. Asks for them."""
    info = job.info
    tasks = map(task_record, job.get_jobtasks(return_json=True))
    return {
        "id": job.job_id,
        "project_id": job.project_id,
        "name": info.get("name"),
        "status": spelled(info.get("status")),
        "mode": info.get("mode"),
        "workflow_id": info.get("workflowId"),
        "workflow_name": info.get("workflowName"),
        "created": info.get("createdAt"),
        "started": info.get("startedAt"),
        "finished": info.get("finishedAt"),
        "credits": job.get_credits().get("creditsUsed"),
        "tasks": [{name: task[name] for name in ("id", "name", "status")} for task in tasks],
        "inputs": info.get("inputs"),
    }


def task_record(info: Mapping[str, Any]) -> Record:
    """Return a task, from its metadata."""
    block = info.get("block") or {}
    return {
        "id": info.get("id"),
        "name": info.get("name"),
        "status": spelled(info.get("status")),
        "block": block.get("name"),
        "block_version": info.get("blockVersion") or block.get("version"),
        "started": info.get("startedAt"),
        "finished": info.get("finishedAt"),
    }


def spelled(status: object) -> str | None:
    """Return a status in its documented spelling, which has blanks."""
    return status.replace("_", " ") if isinstance(status, str) else None
