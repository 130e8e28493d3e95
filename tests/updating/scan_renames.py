"""Rename all fields of the document, and list those whose rename mypy doesn't report.

A listed field must be one that the facade neither reads nor sends. Fields below a renamed one are
hidden by it, so those that weren't reported are renamed again without the others, until nothing
new is reported. Run by hand, as it takes minutes:

    python tests/updating/scan_renames.py
"""

from __future__ import annotations

import copy
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from updating import judges  # noqa: E402 - the scripts aren't a package
from updating.changes import compare  # noqa: E402
from updating.generating import generate  # noqa: E402

SPEC = ROOT / "openapi" / "up42.yaml"
SUFFIX = "Renamed"
Field = tuple[str, str]


def main() -> None:
    document = yaml.safe_load(SPEC.read_text(encoding="utf-8"))
    left = [
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        for field in schema.get("properties", {})
    ]
    print(f"{len(left)} fields")
    while True:
        remaining = unreported(document, left)
        print(f"{len(left) - len(remaining)} reported", flush=True)
        if remaining == left:
            break
        left = remaining
    print("Not reported:", *(f"  {name}.{field}" for name, field in left), sep="\n")


def unreported(document: dict[str, Any], fields: list[Field]) -> list[Field]:
    renamed = copy.deepcopy(document)
    for name, field in fields:
        rename(renamed["components"]["schemas"][name], field)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = folder / "renamed.yaml"
        spec.write_text(yaml.safe_dump(renamed, sort_keys=False), encoding="utf-8")
        generated = generate(spec, folder).parent
        with judges.start(ROOT, generated, spec, *judges.MYPY) as mypy:
            findings = judges.type_errors(ROOT, mypy)
    missed = {
        change.subject
        for change in compare(document, renamed)
        if change.new is None and not any(judges.explains(change, each) for each in findings)
    }
    return [field for field in fields if ".".join(field) in missed]


def rename(schema: dict[str, Any], field: str) -> None:
    schema["properties"] = {
        name + SUFFIX if name == field else name: value
        for name, value in schema["properties"].items()
    }
    if field in schema.get("required", []):
        schema["required"] = [n + SUFFIX if n == field else n for n in schema["required"]]


if __name__ == "__main__":
    main()
