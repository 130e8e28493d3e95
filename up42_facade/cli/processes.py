"""`up42 processes`: the available processes."""

from __future__ import annotations

from typing import Any

import click
from attrs import asdict

import up42_facade as up42
from up42_facade.cli.errors import hint
from up42_facade.cli.options import Group, auth_options, process_ids
from up42_facade.cli.output import Output, output_options, record_of
from up42_facade.cli.tables import Column, card, table

UNKNOWN_PROCESS = "up42 processes list shows the available processes."
FIELDS = ("id", "title", "description", "prices", "eula_ids")
DETAIL_FIELDS = (*FIELDS, "is_eula_accepted", "inputs")
COLUMNS = (Column("id"), Column("price"), Column("title", is_cut=True))
INPUT_COLUMNS = (
    Column("input"),
    Column("type"),
    Column("required"),
    Column("description", is_cut=True),
)


@click.group(cls=Group)
def processes() -> None:
    """Available processes."""


@processes.command("list")
@output_options
@auth_options
def list_processes(out: Output, session: up42.Session) -> None:
    """List all processes with their prices."""
    found = up42.Process.all(session=session)
    records = [
        record_of(process, FIELDS, prices=prices_of(process)) | {"price": format_prices(process)}
        for process in found
    ]
    out.records(records, FIELDS, COLUMNS)


@processes.command("show")
@click.argument("process_id", metavar="ID", shell_complete=process_ids)
@output_options
@auth_options
def show_process(process_id: str, out: Output, session: up42.Session) -> None:
    """Show a process: its inputs, price, and EULA."""
    process = get_process(process_id, session)
    record = record_of(process, DETAIL_FIELDS, prices=prices_of(process))
    summary = card({**record, "prices": format_prices(process), "inputs": None})
    rows = [input_row(name, spec) for name, spec in process.inputs.items()]
    out.record(record, DETAIL_FIELDS, f"{summary}\n\n{table(rows, INPUT_COLUMNS)[0]}")


def get_process(process_id: str, session: up42.Session) -> up42.Process:
    """Return a process.

    Raises:
        NotFoundError: If there is no such process, with the command that lists them.
    """
    with hint(up42.NotFoundError, UNKNOWN_PROCESS):
        return up42.Process.get(process_id, session=session)


def prices_of(process: up42.Process) -> list[dict[str, Any]]:
    return [asdict(price) for price in process.prices]


def format_prices(process: up42.Process) -> str:
    return ", ".join(map(str, process.prices)) or "free"


def input_row(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    schema = spec.get("schema") or {}
    return {
        "input": name,
        "type": schema.get("format") or schema.get("type"),
        "required": (spec.get("minOccurs") or 0) > 0,
        "description": spec.get("description") or spec.get("title"),
    }
