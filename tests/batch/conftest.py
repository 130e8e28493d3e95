"""What the tests of batches share: templates in numbers, on a fast sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch.zygote import Zygote
from tests.conftest import new_session
from up42_facade import processing_templates
from up42_facade.downloads import RESERVED_NAME
from up42_sandbox import Sandbox
from up42_sandbox.stac import results

Make = Callable[..., list[processing_templates.JobTemplate]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credits=10_000, speed=500) as running:
        yield running


@pytest.fixture(scope="session")
def running_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote") / "log.txt") as made:
        yield made


@pytest.fixture
def zygote(running_zygote: Zygote) -> Zygote:
    """The process that starts workers, with an empty log."""
    running_zygote.log.write_text("")
    return running_zygote


@pytest.fixture
def make(sandbox: Sandbox, session: up42.Session) -> Make:
    """Makes templates of one cheap process: `make(3)`, or by titles: `make("a", "b")`."""

    def templates(
        *wanted: int | str, session: up42.Session = session
    ) -> list[processing_templates.JobTemplate]:
        titles = [f"Scene {k}" for k in range(wanted[0])] if isinstance(wanted[0], int) else wanted
        return [
            processing_templates.TrueColorConversion(
                title=str(title), item=sandbox.item_url("pneo-berlin"), session=session
            )
            for title in titles
        ]

    return templates


@pytest.fixture
def batch(make: Make) -> Iterator[up42.Batch]:
    with up42.Batch(make(3)) as made:
        yield made


@pytest.fixture
def second(sandbox: Sandbox) -> Iterator[up42.Session]:
    """Another session of the same account."""
    with new_session(sandbox) as made:
        yield made


def result_content(title: str, name: str) -> bytes:
    return f"{title} {name}\n".encode() * 300


@pytest.fixture
def small_results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let results be small texts: to paint hundreds of pictures would take longer than a test."""

    def text(job: Any, product: Any, path: Path) -> None:
        path.write_bytes(result_content(job.inputs["title"], product.name))

    replace_results(monkeypatch, text)


def replace_results(
    monkeypatch: pytest.MonkeyPatch, write: Callable[[Any, Any, Path], None]
) -> None:
    """Let a function write the results: of a job, for a product, to a path."""
    painted = results._file

    def written(seed: int, job: Any, product: Any, scenes: Any) -> Any:
        # A file that came from another job shows by its title: so nothing is shared.
        file = painted(seed, job, product, scenes)
        return replace(file, build=partial(write, job, product), content=None)

    monkeypatch.setattr(results, "_file", written)


def delivered(folder: Path) -> list[Path]:
    """Return all files below a folder that are results, and not what is recorded of them."""
    found = folder.rglob("*")
    return [path for path in found if path.is_file() and RESERVED_NAME not in path.parts]


def posts(sandbox: Sandbox, ending: str) -> int:
    return sum(r.method == "POST" and r.path.endswith(ending) for r in sandbox.requests)


def job_titles(sandbox: Sandbox) -> list[str]:
    return sorted(job.inputs["title"] for job in sandbox.jobs.values())
