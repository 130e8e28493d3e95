"""A field that a newer document renames is reported by mypy, where the facade reads it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from updating import generating  # noqa: E402 - the scripts aren't a package

# Schema, field, the file that uses it, and how the line looks.
RENAMED = [
    ("AccountToken", "access_token", "up42_facade/session/_auth.py", ".access_token"),
    ("AccountTokenRequest", "client_id", "up42_facade/session/_auth.py", "AccountTokenRequest("),
    ("ProcessingJob", "creditConsumption", "up42_facade/processing/_job.py", ".credit_consumption"),
    ("ProcessInput", "schema", "up42_facade/processing/_process.py", "spec.schema"),
    ("Job", "status", "up42_facade/analytics/_jobs.py", ".status"),
    ("JobCreditsResponse", "data", "up42_facade/analytics/_jobs.py", "self._object(request)"),
    ("SchemaProblem", "schema-error", "up42_facade/session/_responses.py", ".schema_error"),
    ("StacSearch", "filter", "up42_facade/stac/_search_arguments.py", "StacSearch("),
]


def test_a_renamed_field_is_a_type_error_where_it_is_used(tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "openapi" / "up42.yaml").read_text(encoding="utf-8"))
    for model, field, _, _ in RENAMED:
        rename(document["components"]["schemas"][model], field)
    newer = tmp_path / "newer.yaml"
    newer.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    generating.generate(newer, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", "up42_facade"],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    found = set(re.findall(r"^(\S+):(\d+): error", done.stdout, re.MULTILINE))
    reported = {(file, (ROOT / file).read_text().splitlines()[int(n) - 1]) for file, n in found}
    missed = [
        f"{model}.{field}"
        for model, field, file, code in RENAMED
        if not any(file == where and code in line for where, line in reported)
    ]
    assert missed == [], done.stdout


def rename(schema: dict[str, Any], field: str) -> None:
    schema["properties"] = {
        "renamed" if name == field else name: value for name, value in schema["properties"].items()
    }
    if field in schema.get("required", []):
        schema["required"] = [n if n != field else "renamed" for n in schema["required"]]
