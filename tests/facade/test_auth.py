"""Tokens: when they are fetched, by whom, and where they go."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

import up42_facade as up42
from tests.conftest import IMPATIENT, new_session, token_of
from up42_client.api.processing import list_processes
from up42_sandbox import Fault, Sandbox

WRONG = "wrong-password"

ACCOUNT_TOKEN_PATH = "/realms/public/protocol/openid-connect/token"


def token_requests(sandbox: Sandbox) -> int:
    return sum(request.path == ACCOUNT_TOKEN_PATH for request in sandbox.requests)


def test_fetched_on_first_need(sandbox: Sandbox) -> None:
    with new_session(sandbox) as session:
        assert sandbox.requests == []
        up42.Process.all(session=session)
        up42.Process.all(session=session)
    assert token_requests(sandbox) == 1


def test_renewed_before_it_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with Sandbox(token_lifetime=300) as sandbox, new_session(sandbox) as session:
        up42.Process.all(session=session)
        now[0] += 265
        up42.Process.all(session=session)
        assert token_requests(sandbox) == 1
        now[0] += 10
        up42.Process.all(session=session)
        assert token_requests(sandbox) == 2
        assert all(request.status == 200 for request in sandbox.requests)


def test_a_refused_token_is_replaced_once(sandbox: Sandbox, session: up42.Session) -> None:
    up42.Process.all(session=session)
    sandbox.clock.advance(10_000)
    assert up42.Process.all(session=session)
    assert token_requests(sandbox) == 2


def test_refused_again_after_renewal(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path="/v2/processing/processes", status=401, times=None))
    with pytest.raises(up42.AuthenticationError, match="even after renewal"):
        up42.Process.all(session=session)
    assert token_requests(sandbox) == 2


def test_one_renewal_for_many_threads(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=ACCOUNT_TOKEN_PATH, latency=0.2, times=None))
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: up42.Process.all(session=session), range(40)))
    assert all(results)
    assert token_requests(sandbox) == 1


def test_sync_and_async_share_the_token(sandbox: Sandbox, session: up42.Session) -> None:
    async def ask() -> list[Any]:
        calls = (list_processes.asyncio(client=session.client) for _ in range(20))
        return await asyncio.gather(*calls)

    sandbox.inject(Fault(path=ACCOUNT_TOKEN_PATH, latency=0.2, times=None))
    thread = threading.Thread(target=lambda: up42.Process.all(session=session))
    thread.start()
    first = asyncio.run(ask())
    # A second loop: connections of the first must not be in the way.
    second = asyncio.run(ask())
    thread.join()
    assert all(first)
    assert all(second)
    assert token_requests(sandbox) == 1


def test_async_renews_after_401(sandbox: Sandbox, session: up42.Session) -> None:
    up42.Process.all(session=session)
    sandbox.clock.advance(10_000)
    assert asyncio.run(list_processes.asyncio(client=session.client))


def test_wrong_password_says_so(sandbox: Sandbox) -> None:
    session = up42.Session(
        username=sandbox.username, password=WRONG, base_url=sandbox.url, options=IMPATIENT
    )
    with session, pytest.raises(up42.AuthenticationError, match="rejected the username") as caught:
        up42.Process.all(session=session)
    assert WRONG not in str(caught.value)


def test_auth_server_down_says_that_instead(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=ACCOUNT_TOKEN_PATH, status=503, times=None))
    with pytest.raises(up42.ConnectionFailedError, match="returned 503"):
        up42.Process.all(session=session)


def test_auth_server_unreachable() -> None:
    session = up42.Session(
        username="a", password="b", base_url="http://127.0.0.1:9", options=IMPATIENT
    )
    with session, pytest.raises(up42.ConnectionFailedError, match="can't be reached"):
        up42.Process.all(session=session)


def test_waiting_callers_share_a_failure(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.inject(Fault(path=ACCOUNT_TOKEN_PATH, status=401, latency=0.3, times=None))

    def ask(_: int) -> type[Exception] | None:
        try:
            up42.Process.all(session=session)
        except up42.Up42Error as error:
            return type(error)
        return None

    with ThreadPoolExecutor(10) as pool:
        outcomes = set(pool.map(ask, range(10)))
    assert outcomes == {up42.AuthenticationError}
    assert token_requests(sandbox) <= 2


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "body": "<html>login</html>", "content_type": "text/html"},
        {"status": 200, "body": "{}", "content_type": "application/json"},
        {"status": 200, "body": "[" * 100_000, "content_type": "application/json"},
        {"malformed": True},
    ],
)
def test_nonsense_from_the_auth_server(
    sandbox: Sandbox, session: up42.Session, fault: dict[str, Any]
) -> None:
    sandbox.inject(Fault(path=ACCOUNT_TOKEN_PATH, times=None, **fault))
    with pytest.raises(up42.ConnectionFailedError):
        up42.Process.all(session=session)


def test_project_credentials(sandbox: Sandbox) -> None:
    session = up42.Session(
        project_id=sandbox.project_id,
        project_api_key=sandbox.project_api_key,
        base_url=sandbox.url,
        options=IMPATIENT,
    )
    with session:
        answer = session.http.get(f"/projects/{sandbox.project_id}/jobs")
        assert answer.status_code == 200
        with pytest.raises(up42.ConfigurationError, match="workspace"):
            _ = session.workspace_id


def test_wrong_project_key(sandbox: Sandbox) -> None:
    session = up42.Session(
        project_id=sandbox.project_id,
        project_api_key="no",
        base_url=sandbox.url,
        options=IMPATIENT,
    )
    with session, pytest.raises(up42.AuthenticationError, match="project ID and API key"):
        session.http.get(f"/projects/{sandbox.project_id}/jobs")


def test_the_token_goes_to_the_api_only(sandbox: Sandbox, session: up42.Session) -> None:
    assert session.workspace_id == sandbox.workspace_id
    asset_id = sandbox.asset_id()
    response = session.http.get(f"/v2/assets/{asset_id}", follow_redirects=True)
    assert response.status_code == 200
    foreign = [request for request in sandbox.requests if request.origin == "storage"]
    assert foreign
    assert all("authorization" not in request.headers for request in foreign)


def test_the_client_adds_no_token_for_other_hosts(sandbox: Sandbox, session: up42.Session) -> None:
    up42.Process.all(session=session)
    with pytest.raises(up42.ApiError):
        session.http.get(f"{sandbox.storage_url}/nothing")
    assert "authorization" not in sandbox.requests[-1].headers


def test_two_accounts_in_one_process() -> None:
    with Sandbox() as one, Sandbox() as two:
        with new_session(one) as first, new_session(two) as second:
            assert up42.Process.all(session=first)
            assert up42.Process.all(session=second)
        assert token_requests(one) == token_requests(two) == 1


def test_authenticate_sets_the_default(sandbox: Sandbox) -> None:
    made = up42.authenticate(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    )
    assert isinstance(made, up42.Session)
    assert up42.Process.all()
    made.close()


def test_the_environment_is_enough(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    with up42.authenticate():
        assert up42.Process.all()


def test_tokens_are_not_shown(sandbox: Sandbox, session: up42.Session) -> None:
    up42.Process.all(session=session)
    token = token_of(sandbox)
    assert token not in repr(vars(session)) + repr(session.client) + repr(session.http)


def test_plain_httpx_errors_do_not_escape(session: up42.Session, sandbox: Sandbox) -> None:
    sandbox.inject(Fault(path="/v2/processing/processes", drop="before", times=None))
    with pytest.raises(up42.ConnectionFailedError) as caught:
        up42.Process.all(session=session)
    assert isinstance(caught.value.__cause__, httpx.TransportError)


def test_a_closed_session_says_so(sandbox: Sandbox) -> None:
    session = up42.authenticate(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    )
    jobs = up42.Job.all(session=session)
    session.close()
    with pytest.raises(up42.NotAuthenticatedError, match="Not authenticated"):
        up42.Process.all()
    with pytest.raises(up42.NotAuthenticatedError, match="closed"):
        next(jobs)
    with pytest.raises(up42.NotAuthenticatedError, match="closed"):
        up42.Process.all(session=session)
