"""`up42 processes`: what is on offer."""

from __future__ import annotations

from typing import Any

import click

import up42_facade as up42
from up42_facade.cli.completing import process_ids
from up42_facade.cli.connecting import connected
from up42_facade.cli.messages import UNKNOWN_PROCESS, hint
from up42_facade.cli.output import Output, printed
from up42_facade.cli.records import (
    PROCESS_DETAIL_FIELDS,
    PROCESS_FIELDS,
    process_detail,
    process_record,
)
from up42_facade.cli.tables import Column, card, table

COLUMNS = (Column("id"), Column("price"), Column("title", is_cut=True))
INPUT_COLUMNS = (
    Column("input"),
    Column("type"),
    Column("needed"),
    Column("description", is_cut=True),
)


@click.group()
def processes() -> None:
    """What UP42 offers."""


@processes.command("list")
@printed
@connected
def list_processes(out: Output, session: up42.Session) -> None:
    """List all processes with their prices."""
    found = up42.Process.all(session=session)
    records = [{**process_record(process), "price": price(process)} for process in found]
    out.records(records, PROCESS_FIELDS, COLUMNS)


@processes.command("show")
@click.argument("process_id", metavar="ID", shell_complete=process_ids)
@printed
@connected
def show_process(process_id: str, out: Output, session: up42.Session) -> None:
    """Show a process: its inputs, price and EULA."""
    with hint(up42.NotFoundError, UNKNOWN_PROCESS):
        process = up42.Process.get(process_id, session=session)
    record = process_detail(process)
    rows = [input_row(name, spec) for name, spec in process.inputs.items()]
    shown = {**record, "prices": price(process), "inputs": None}
    text = f"{card(shown)}\n\n{table(rows, INPUT_COLUMNS)}"
    out.record(record, PROCESS_DETAIL_FIELDS, text)


def price(process: up42.Process) -> str:
    return ", ".join(map(str, process.prices)) or "free"


def input_row(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    schema = spec.get("schema") or {}
    return {
        "input": name,
        "type": schema.get("format") or schema.get("type"),
        "needed": (spec.get("minOccurs") or 0) > 0,
        "description": spec.get("description") or spec.get("title"),
    }
