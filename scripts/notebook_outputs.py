"""Outputs of notebooks: which are worth storing, and when two runs have shown the same.

Ports and times differ in each run, and pictures by a few pixels with each version of a library.
Outputs that differ in nothing else count as the same, so that a run leaves them as they stand.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# What differs in each run.
PORT = re.compile(r"127\.0\.0\.1:\d+")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z|\+00:00)?")
STYLE_OR_TAG = re.compile(r"<style.*?</style>|<[^>]*>", re.DOTALL)
# Folders of somebody's machine, addresses in memory, escape sequences and leftovers of bars.
UNWANTED = re.compile(
    r"/(home|Users|root|tmp|work|private|var)/|[A-Z]:\\|\bat 0x[0-9a-f]+|\x1b\[|\d+%\|", re.ASCII
)
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Pictures are compared at this size, in grey values of 0 to 255 on the mean; their real sizes
# differ with the width of letters.
THUMBNAIL = (48, 48)
MEAN_DIFFERENCE = 6.0
SIZE_TOLERANCE = 0.06


def tidy(notebook: Any) -> None:
    """Remove what says when, where and with which version a notebook ran."""
    notebook.metadata.clear()
    notebook.metadata.update(KERNEL)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in outputs_of(cell):
            if "metadata" in output:
                output.metadata.clear()


def keep_same(stored: Any, fresh: Any) -> list[str]:
    """Put the stored outputs into a fresh notebook where they are the same.

    Returns:
        The ids of the cells whose outputs differ, which keep the fresh ones.
    """
    known = {cell["id"]: cell for cell in stored.cells}
    changed = []
    for cell in fresh.cells:
        before = known.get(cell["id"])
        if before is not None and is_same(outputs_of(before), outputs_of(cell)):
            if cell.cell_type == "code":
                cell.outputs = before.outputs
        else:
            changed.append(str(cell["id"]))
    return changed


def problems(notebook: Any) -> list[str]:
    """Return what no reader should see in the outputs: warnings, errors, paths, bars."""
    found = []
    for cell in notebook.cells:
        for output in outputs_of(cell):
            if output.output_type == "error" or output.get("name") == "stderr":
                found.append(f"{cell['id']}: {output.get('text') or output.get('evalue')}")
            found += [
                f"{cell['id']}: {match[0]!r} in {kind}"
                for kind, content in contents(output).items()
                if not kind.startswith("image/")
                for match in UNWANTED.finditer(visible(kind, content))
            ]
    return found


def is_same(stored: Sequence[Any], fresh: Sequence[Any]) -> bool:
    """Tell whether two lists of outputs show the same."""
    return len(stored) == len(fresh) and all(map(is_same_output, stored, fresh))


def is_same_output(stored: Any, fresh: Any) -> bool:
    before, now = contents(stored), contents(fresh)
    return (
        stored.output_type == fresh.output_type
        and before.keys() == now.keys()
        and all(is_same_content(kind, before[kind], now[kind]) for kind in before)
    )


def is_same_content(kind: str, stored: str, fresh: str) -> bool:
    if kind == "image/png":
        return is_same_picture(base64.b64decode(stored), base64.b64decode(fresh))
    return visible(kind, stored) == visible(kind, fresh)


def is_same_picture(stored: bytes, fresh: bytes) -> bool:
    """Tell whether two PNG pictures look the same."""
    from PIL import Image, ImageChops, ImageStat

    before, now = (Image.open(io.BytesIO(content)).convert("RGB") for content in (stored, fresh))
    sizes = zip(before.size, now.size, strict=True)
    if any(abs(one - other) > SIZE_TOLERANCE * one for one, other in sizes):
        return False
    difference = ImageChops.difference(before.resize(THUMBNAIL), now.resize(THUMBNAIL))
    return max(ImageStat.Stat(difference).mean) <= MEAN_DIFFERENCE


def keep_same_picture(target: Path, fresh: bytes) -> bool:
    """Write a picture to a file unless it holds one that looks the same; tell if it was written."""
    if target.exists() and is_same_picture(target.read_bytes(), fresh):
        return False
    target.write_bytes(fresh)
    return True


def contents(output: Any) -> dict[str, str]:
    """Return what an output shows by media type; a stream by its name."""
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    return {kind: str(content) for kind, content in output.data.items()}


def visible(kind: str, content: str) -> str:
    """Return the words that a reader sees, without what differs in each run."""
    if kind == "text/html":
        content = html.unescape(STYLE_OR_TAG.sub(" ", content))
    return " ".join(TIME.sub("TIME", PORT.sub("PORT", content)).split())


def outputs_of(cell: Any) -> list[Any]:
    return list(cell.get("outputs", []))
