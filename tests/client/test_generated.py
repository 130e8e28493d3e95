"""The generated client as somebody uses it who never heard of the facade."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import up42_client
from up42_client import AuthenticatedClient, Client
from up42_client.api.auth import get_account_token
from up42_client.api.processing import (
    execute_process,
    get_processing_job,
    list_processes,
    list_processing_jobs,
)
from up42_client.errors import UnexpectedStatus
from up42_client.models import (
    AccountToken,
    AccountTokenRequest,
    ExecuteRequest,
    JobStatus,
    ProcessingJob,
    ProcessingJobList,
)
from up42_sandbox import Fault, Sandbox

T = TypeVar("T")
PACKAGE = Path(up42_client.__file__).parent
JOBS = "/v2/processing/jobs"
MODULES = sorted(
    ".".join(("up42_client", *path.relative_to(PACKAGE).with_suffix("").parts))
    for path in (PACKAGE / "api").rglob("*.py")
    if path.stem != "__init__"
)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[AuthenticatedClient]:
    body = AccountTokenRequest(
        grant_type="password",
        username=sandbox.username,
        password=sandbox.password,
        client_id="up42-api",
    )
    with Client(base_url=sandbox.url) as anonymous:
        token = get_account_token.sync(client=anonymous, body=body)
    assert isinstance(token, AccountToken)
    with AuthenticatedClient(base_url=sandbox.url, token=str(token.access_token)) as made:
        yield made


def asynchronously(
    client: AuthenticatedClient, call: Callable[[AuthenticatedClient], Awaitable[T]]
) -> T:
    """Run one call in an event loop and close what it opened there."""

    async def run() -> T:
        async with client:
            return await call(client)

    return asyncio.run(run())


def test_sync_and_async(sandbox: Sandbox, client: AuthenticatedClient) -> None:
    job_id = sandbox.add_job(status="captured").id
    job = get_processing_job.sync(job_id, client=client)
    assert isinstance(job, ProcessingJob)
    assert job.status is JobStatus.CAPTURED
    assert asynchronously(client, lambda c: get_processing_job.asyncio(job_id, client=c)) == job
    detailed = get_processing_job.sync_detailed(job_id, client=client)
    assert detailed.status_code is HTTPStatus.OK


def test_lists_travel_as_one_comma_joined_value(
    sandbox: Sandbox, client: AuthenticatedClient
) -> None:
    one, two = sandbox.add_job(status="captured").id, sandbox.add_job(status="running").id
    sandbox.add_job(status="invalid")
    answer = list_processing_jobs.sync(
        client=client,
        ids=[one, two],
        status=[JobStatus.CAPTURED, JobStatus.RUNNING],
        process_id=["pansharpening", "detection-trees-spacept"],
        min_duration=0,
    )
    query = sandbox.requests[-1].query
    assert query["ids"] == [f"{one},{two}"]
    assert query["status"] == ["captured,running"]
    assert query["processId"] == ["pansharpening,detection-trees-spacept"]
    assert query["minDuration"] == ["0"]
    assert isinstance(answer, ProcessingJobList)


@given(st.text(min_size=1))
def test_unknown_enum_values_round_trip(value: str) -> None:
    job = ProcessingJob.from_dict({"jobID": "j", "status": value})
    assert isinstance(job.status, JobStatus)
    assert job.status == value
    assert job.to_dict()["status"] == value


FIELDS = [
    "processID", "jobID", "accountID", "workspaceID", "type", "definition", "results",
    "creditConsumption", "status", "created", "updated", "started", "finished",
]  # fmt: skip
ODD = st.one_of(
    st.none(),
    st.integers(),
    st.text(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.text()),
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "unknown"]), ODD))
def test_any_field_may_be_missing_null_or_odd(content: dict[str, Any]) -> None:
    job = ProcessingJob.from_dict(content)
    sent = job.to_dict()
    assert set(sent) == set(content)
    for name in FIELDS:
        if name not in content:
            assert name not in sent
    nulls = {name for name, value in content.items() if value is None}
    assert nulls == {name for name, value in sent.items() if value is None}
    json.dumps(sent)


def test_missing_and_odd_fields_are_none() -> None:
    job = ProcessingJob.from_dict({"results": 5, "created": "soon"})
    assert job.results is None
    assert job.created is None
    assert job.job_id is None
    assert job.additional_properties == {"results": 5, "created": "soon"}


def test_a_request_can_be_had_without_sending_it() -> None:
    body = ExecuteRequest(inputs={"title": "T"})
    request = execute_process.request("pansharpening", body=body, workspace_id="w")
    built = httpx.Request(**{**request.arguments, "url": f"https://h{request.arguments['url']}"})
    assert (
        str(built.url) == "https://h/v2/processing/processes/pansharpening/execution?workspaceId=w"
    )
    assert json.loads(built.content) == {"inputs": {"title": "T"}}
    assert request.read(httpx.Response(202, json={"jobID": "j"})).job_id == "j"


def test_what_is_left_out_and_what_is_secret_is_seen_in_a_repr() -> None:
    shown = repr(AccountTokenRequest("password", "ada", "not-shown", "up42-api"))
    assert "scope=UNSET" in shown
    assert "not-shown" not in shown
    assert "not-shown" not in repr(AccountToken.from_dict({"access_token": "not-shown"}))


@pytest.mark.parametrize("status", [418, 420, 499, 520, 599])
def test_undocumented_statuses(sandbox: Sandbox, client: AuthenticatedClient, status: int) -> None:
    sandbox.inject(Fault(path="/v2/processing/processes", status=status, times=None))
    answer = list_processes.sync_detailed(client=client)
    assert answer.status_code == status
    assert int(answer.status_code) == status
    assert repr(answer.status_code)
    again = asynchronously(client, lambda c: list_processes.asyncio_detailed(client=c))
    assert again.status_code == status


def test_undocumented_statuses_raise_on_request(
    sandbox: Sandbox, client: AuthenticatedClient
) -> None:
    sandbox.inject(Fault(path="/v2/processing/processes", status=418))
    client.raise_on_unexpected_status = True
    with pytest.raises(UnexpectedStatus, match="418"):
        list_processes.sync(client=client)


@pytest.mark.parametrize("body", ["<html>", "null", "", "[1]", '"text"'])
def test_odd_error_bodies_do_not_hide_the_status(
    sandbox: Sandbox, client: AuthenticatedClient, body: str
) -> None:
    sandbox.inject(Fault(path=f"{JOBS}/*", status=502, body=body, content_type="text/html"))
    answer = get_processing_job.sync_detailed("x", client=client)
    assert answer.status_code is HTTPStatus.BAD_GATEWAY
    assert answer.parsed is None


def test_operations_load_no_model_before_it_is_needed() -> None:
    code = textwrap.dedent(f"""
        import importlib, sys
        for name in {MODULES!r}:
            importlib.import_module(name)
            models = sorted(n for n in sys.modules if n.startswith("up42_client.models."))
            assert not models, f"{{name}} loads {{models}}"
    """)
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_models_can_be_imported() -> None:
    import up42_client.models as models

    for name in models.__all__:
        # Objects of any content are dictionaries.
        assert getattr(models, name).__name__ in {name, "dict"}
    assert set(dir(models)) == set(models.__all__)
    with pytest.raises(AttributeError, match="NoSuchModel"):
        _ = models.NoSuchModel


def test_typed_for_its_users(tmp_path: Path) -> None:
    """A program that uses the client passes mypy --strict, and a slip in it doesn't."""
    assert (PACKAGE / "py.typed").exists()
    good = tmp_path / "good.py"
    good.write_text(
        textwrap.dedent("""
            from up42_client import AuthenticatedClient
            from up42_client.api.processing import list_processing_jobs
            from up42_client.models import JobStatus, ProcessingJobList

            client = AuthenticatedClient(base_url="https://api.up42.com", token="t")
            answer = list_processing_jobs.sync(client=client, status=[JobStatus.CAPTURED])
            if isinstance(answer, ProcessingJobList) and answer.jobs:
                reveal_type(answer.jobs[0].status)
        """)
    )
    bad = tmp_path / "bad.py"
    bad.write_text(good.read_text().replace("[JobStatus.CAPTURED]", "5"))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent",
         f"--cache-dir={tmp_path / 'cache'}", str(good), str(bad)],
        capture_output=True, text=True, env={"MYPYPATH": str(PACKAGE.parent), "PATH": ""},
    )  # fmt: skip
    errors = re.findall(r"^.*/(\w+\.py):\d+: error: (.*)", done.stdout, re.MULTILINE)
    assert [file for file, _ in errors] == ["bad.py"], done.stdout
    assert '"status"' in errors[0][1]
    assert re.search(r"good\.py:\d+: note: .*JobStatus", done.stdout), done.stdout
