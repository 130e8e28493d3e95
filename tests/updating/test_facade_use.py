"""Which public method needs what, found in a small facade and in the real one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.updating.tree import ROOT

FILES = {
    "__init__": '__all__ = ["Job", "look"]',
    "session": """
class Session:
    def call(self, endpoint, *arguments, **options):
        return endpoint.sync(*arguments, **options)
""",
    "jobs": """
from small.session import Session
from small.listing import Query

class Base:
    def refresh(self):
        return Job.get(self.id)

class Job(Base):
    @classmethod
    def get(cls, job_id, session: Session):
        from up42_client.api.processing import get_processing_job

        return cls._adapt(session.call(get_processing_job, job_id, strict=True))

    @classmethod
    def all(cls):
        query = Query()
        return query.run()

    @classmethod
    def _adapt(cls, answer):
        return answer.job_id, answer.to_dict().get("accountID")

    def untouched(self):
        return {}.get("x")

def look():
    from up42_client.api.eulas import get_eula as endpoint

    return Session().call(endpoint)

def _hidden():
    pass
""",
    "listing": """
from up42_client.models import JobStatus
from small.session import Session

class Query:
    def run(self):
        return self._pages()

    def _pages(self):
        from up42_client.api.processing import list_processing_jobs

        return Session().call(list_processing_jobs, **self._wanted())

    def _wanted(self):
        return {"sort": "created,desc"}
""",
}


@pytest.fixture
def use(tmp_path: Path) -> Any:
    from updating.facade_use import FacadeUse

    (tmp_path / "small").mkdir()
    for name, text in FILES.items():
        (tmp_path / "small" / f"{name}.py").write_text(text)
    return FacadeUse(tmp_path / "small")


@pytest.mark.parametrize(
    ("operation", "methods"),
    [
        ("get_processing_job", ["jobs.Base.refresh", "jobs.Job.get"]),
        ("list_processing_jobs", ["jobs.Job.all"]),
        ("get_eula", ["jobs.look"]),
        ("get_user_info", []),
    ],
)
def test_public_methods(use: Any, operation: str, methods: list[str]) -> None:
    assert use.public_methods(use.users(operation)) == methods


def test_readers(use: Any) -> None:
    readers = use.readers({"get_processing_job"})
    assert {"Job.get", "Job._adapt"} <= {f.name for f in readers}
    assert "Query.run" not in {f.name for f in readers}
    assert {"job_id"} <= set().union(*(f.attributes for f in readers))
    assert {"accountID"} <= set().union(*(f.constants for f in readers))


def test_arguments(use: Any) -> None:
    (getter,) = use.users("get_processing_job")
    assert [(call.keywords, call.is_open) for call in getter.calls] == [({"strict"}, False)]
    (lister,) = use.users("list_processing_jobs")
    assert lister.calls[0].is_open


def test_nothing_that_the_real_facade_imports_is_missed() -> None:
    from updating.facade_use import FacadeUse

    use = FacadeUse(ROOT / "up42_facade")
    text = "".join(path.read_text() for path in (ROOT / "up42_facade").rglob("*.py"))
    imported = set(re.findall(r"from up42_client\.api\.\w+ import (\w+)", text))
    assert imported
    for operation in imported:
        assert use.users(operation), operation
        assert use.public_methods(use.users(operation)), operation


def test_the_page_names_the_methods_that_are_found() -> None:
    from updating.facade_use import FacadeUse

    use = FacadeUse(ROOT / "up42_facade")
    page = (ROOT / "docs" / "updating.md").read_text(encoding="utf-8")
    shown = re.findall(r"BREAKING: calls (\w+) \[(.+)\]", page)
    assert shown
    for operation, methods in shown:
        assert methods.split(", ") == use.public_methods(use.users(operation))
