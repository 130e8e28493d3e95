"""`up42 check-api`: does the API send what the OpenAPI document says?"""

from __future__ import annotations

import functools
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from attrs import asdict

import up42_facade as up42
from up42_facade.cli.errors import CommandError, ExitCode
from up42_facade.cli.options import LocalPath, auth_options
from up42_facade.cli.output import (
    Command,
    Output,
    OutputFormat,
    output_options,
    print_message,
    write,
)
from up42_facade.cli.tables import Column

FIELDS = ("id", "request", "responses", "result", "differences", "findings")
COLUMNS = (Column("id", "operation"), Column("responses"), Column("result"))
DIFFERENCE_COLUMNS = (Column("operation"), Column("difference"))
FINDING_COLUMNS = (Column("question"), Column("finding"))
PROJECT_KEY = "UP42_PROJECT_API_KEY"


def prefer_account(command: Command) -> Command:
    """Decorate a command: with --analytics, the environment may name an account and a project."""

    @functools.wraps(command)
    def wrapped(**options: Any) -> None:
        known = click.get_current_context().meta
        username = os.environ.get("UP42_USERNAME")
        if options["analytics"] and username and not known.keys() & {"cfg_file", "profile"}:
            known.setdefault("username", username)
        command(**options)

    return wrapped


@click.command("check-api")
@click.option("--report", type=LocalPath(dir_okay=False), metavar="FILE", help="Write Markdown.")
@click.option("--analytics", is_flag=True, help="Check the legacy analytics API, too.")
@prefer_account
@output_options
@auth_options
def check_api(report: Path | None, analytics: bool, out: Output, session: up42.Session) -> None:
    """Compare what the API sends with the OpenAPI document.

    Sends only requests that read, and spends nothing. --analytics uses UP42_PROJECT_ID, and
    UP42_PROJECT_API_KEY if it's set. --report writes what can be published: no IDs, titles,
    links, tokens, or personal data.
    """
    with ExitStack() as stack:
        project: up42.Session | bool = analytics
        if analytics and (key := os.environ.get(PROJECT_KEY)):
            hosts = session.hosts
            where: dict[str, Any] = {"base_url": hosts.api}
            if hosts.region:
                where = {"region": hosts.region}
            project = stack.enter_context(up42.Session(project_api_key=key, **where))
        found = up42.check_api(session, analytics=project)
    records = [asdict(operation) for operation in found.operations]
    out.records(records, FIELDS, COLUMNS)
    if out.format is OutputFormat.TABLE:
        details(out, found)
    if report is not None:
        save(found, report)
    if not found.is_as_documented:
        raise CommandError("The API isn't as documented.", ExitCode.NOT_AS_DOCUMENTED)


def save(found: up42.ApiReport, path: Path) -> None:
    """Write a report, completely or not at all."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(found.to_markdown(), encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    print_message(f"Report: {path}")


def details(out: Output, found: up42.ApiReport) -> None:
    """Print differences and findings, each as a table."""
    differences = [
        {"operation": each.id, "difference": text}
        for each in found.operations
        for text in each.differences
    ]
    findings = [
        {"question": id, "finding": text}
        for each in found.operations
        for id, text in each.findings.items()
    ]
    for rows, columns in ((differences, DIFFERENCE_COLUMNS), (findings, FINDING_COLUMNS)):
        if rows:
            write("\n")
            out.records(rows, (), columns)
