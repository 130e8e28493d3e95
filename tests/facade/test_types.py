"""What type checkers of users see of the facade."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import up42_facade as up42

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from typing import Any, assert_type

import up42_facade as up42
from up42_facade import analytics


def use(job: up42.Job, older: analytics.Job, as_dataframe: bool) -> None:
    assert_type(job.get_results_json(), dict[str, Any])
    assert_type(older.get_results_json(), dict[str, Any])
    job.get_results_json(as_dataframe=True).to_file("features.gpkg")
    older.get_results_json(True).to_file("features.gpkg")
    job.get_results_json(as_dataframe)


def fail() -> None:
    try:
        assert_type(up42.authenticate(), up42.Session)
    except up42.NotFoundError as error:
        assert_type(error.status_code, int)
    except up42.errors.CostLimitError as error:
        assert_type(error.spent, int)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_features_have_the_type_that_was_asked_for(program: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-site-packages"]
    options = ["--follow-imports=silent", "--ignore-missing-imports"]
    cache = f"--cache-dir={tmp_path / 'cache'}"
    done = subprocess.run(
        [*command, *options, cache, str(program)],
        capture_output=True,
        text=True,
        env={"MYPYPATH": f"{ROOT}:{ROOT / 'generated'}", "PATH": ""},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_arguments_of_templates_have_their_names_for_every_checker() -> None:
    """mypy knows that attrs drops underscores; other checkers need the name spelled out."""
    source = inspect.getsource(up42.processing_templates.JobTemplate)
    fields = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AnnAssign)]
    private = {
        node.target.id: {keyword.arg for keyword in node.value.keywords}
        for node in fields
        if isinstance(node.target, ast.Name)
        and node.target.id.startswith("_")
        and isinstance(node.value, ast.Call)
    }
    assert "_session" in private
    assert [name for name, given in private.items() if not given & {"alias", "init"}] == []
