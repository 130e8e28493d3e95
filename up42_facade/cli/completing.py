"""What the shell can complete without asking the server."""

from __future__ import annotations

import click

import up42_facade as up42


def job_statuses(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the statuses of jobs that begin so."""
    return [status.value for status in up42.JobStatus if status.value.startswith(begun)]


def process_ids(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the ids of processes that begin so: those that have a template class."""
    templates = up42.processing_templates
    classes = [getattr(templates, name) for name in templates.__all__]
    known = [found for kind in classes if isinstance(found := vars(kind).get("process_id"), str)]
    return sorted(process_id for process_id in known if process_id.startswith(begun))
