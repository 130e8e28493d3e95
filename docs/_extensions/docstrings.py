"""Docstrings: Google's style as napoleon reads it, where it reads it as it is meant.

The facade's docstrings are written for people who read the source. What napoleon would misread
is said in another way here first: what is returned is told in prose, several names can share a
description, and properties have sections too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

# Attributes as fields, not as objects: many are documented properties besides.
NAPOLEON = Config(napoleon_use_ivar=True)
OURS = ("up42_facade", "up42_sandbox")
SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Endpoints?):(?: (.*))?")
ENTRY = re.compile(r"(\w+(?:, \w+)+): (.*)")
ANALYTICS_JOB = re.compile(r"(?<![\w.])(Job|JobTask)(?!\w)")
# Nobody makes these by hand, so their arguments are left out.
MADE_BY_THE_PACKAGE = (
    "up42_facade.Asset",
    "up42_facade.BatchEntry",
    "up42_facade.Job",
    "up42_facade.Process",
    "up42_facade.analytics.Job",
    "up42_facade.analytics.JobTask",
    "up42_facade.processing_templates.ProcessTemplate",
    "up42_facade.stac.StorageCollection",
    "up42_sandbox.RecordedRequest",
    "up42_sandbox.analytics.records.AnalyticsJob",
    "up42_sandbox.analytics.records.Block",
    "up42_sandbox.analytics.records.Workflow",
    "up42_sandbox.analytics.samples.AnalyticsSamples",
    "up42_sandbox.processing.records.JobRecord",
    "up42_sandbox.storage.objects.Storage",
)
# reStructuredText wants a mark between the end of code and a letter, as in `unit`s.
BEFORE_LETTER = re.compile(r"(?<![\w`])(`[^`]+`)(?=\w)")
# A second exception on the line of the first: `UnfinishedJob: Too early. NoResultsError: …`.
FURTHER_ERROR = re.compile(r"(?<=[.)]) (?=(?:[A-Z]\w+, )*[A-Z]\w+(?:Error|Job|Batch): )")


def read(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    if name.startswith(OURS):
        lines[:] = [BEFORE_LETTER.sub(r"\1\\ ", line) for line in rewritten(lines)]
    # Napoleon reads no sections in properties.
    kind = "method" if what == "property" else what
    lines[:] = GoogleDocstring(lines, NAPOLEON, app, kind, name, obj, options).lines()


def rewritten(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with its sections rewritten."""
    found: list[str] = []
    position = 0
    while position < len(lines):
        match = SECTION.fullmatch(lines[position])
        if match is None:
            found.append(lines[position])
            position += 1
            continue
        end = block_end(lines, position + 1, is_inline=match[2] is not None)
        found += section(match[1], [match[2] or "", *lines[position + 1 : end]])
        position = end
    return found


def block_end(lines: list[str], start: int, is_inline: bool) -> int:
    """Return the first line after a section: after its indented lines, or its paragraph."""
    end = start
    while end < len(lines) and (
        lines[end].strip() if is_inline else lines[end].startswith(" ") or not lines[end].strip()
    ):
        end += 1
    return end


def section(title: str, body: list[str]) -> Iterator[str]:
    if title.startswith("Endpoint"):
        yield f":{title}: {' '.join(body)}"
    elif title == "Returns":
        # As a field: napoleon would take what stands before a colon for a type.
        text = " ".join(line.strip() for line in body).strip()
        yield from (f":returns: {text}", "")
    else:
        split: Callable[[str], Iterator[str]] = errors if title == "Raises" else names
        yield f"{title}:"
        for entry in entries(body[1:]):
            yield from split(entry)
        yield ""


def entries(lines: list[str]) -> Iterator[str]:
    """Yield the entries of a section, each on one line without its indentation."""
    collected: list[str] = []
    for line in lines:
        is_new = line.startswith("    ") and not line.startswith("     ")
        if is_new and collected:
            yield " ".join(collected)
            collected = []
        if line.strip():
            collected.append(line.strip())
    if collected:
        yield " ".join(collected)


def names(entry: str) -> Iterator[str]:
    """Give each of several names that share a description an entry of its own."""
    match = ENTRY.fullmatch(entry)
    if match is None:
        yield f"    {entry}"
        return
    for name in match[1].split(", "):
        yield f"    {name}: {match[2]}"


def errors(entry: str) -> Iterator[str]:
    for part in FURTHER_ERROR.split(entry):
        # `As for execute.` names no exception.
        yield f"    {part}" if ": " in part else f"    Up42Error: {part}"


def correct_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    annotation: str | None,
) -> tuple[str | None, str | None] | None:
    if not name.startswith(OURS):
        return None
    if name in MADE_BY_THE_PACKAGE:
        return "", None
    if signature is not None:
        # What dataclasses put where a default is made by a function is no Python.
        signature = signature.replace("<factory>", "...")
    if annotation is not None and getattr(obj, "__module__", "") == "up42_facade.analytics":
        # Seen from `up42_facade`, `Job` would be the processing job.
        annotation = ANALYTICS_JOB.sub(r"up42_facade.analytics.\1", annotation)
    return signature, annotation


def call_them_attributes(app: Sphinx, doctree: nodes.document) -> None:
    """Name the attributes of classes as the docstrings do; Sphinx says variables."""
    for name in doctree.findall(nodes.field_name):
        if name.astext() == "Variables":
            name.children = [nodes.Text("Attributes")]


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", read)
    app.connect("autodoc-process-signature", correct_signature)
    app.connect("doctree-read", call_them_attributes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
