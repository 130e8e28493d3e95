"""Tokens: how they are got, what they open, how they end."""

from __future__ import annotations

import base64
import json

import httpx
import pytest

from tests.sandbox.conftest import JOBS, REALM, Api


def test_password_grant(anonymous: Api) -> None:
    response = anonymous.login().json()
    assert response["token_type"] == "Bearer"
    assert response["expires_in"] == 300
    assert response["refresh_expires_in"] > response["expires_in"]
    payload = response["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["exp"] - claims["iat"] == 300
    anonymous.use_token(response["access_token"])
    assert anonymous.get(f"{REALM}/userinfo")["sub"] == anonymous.sandbox.workspace_id


def test_refresh_grant_works_until_the_refresh_token_runs_out(anonymous: Api) -> None:
    first = anonymous.login().json()
    anonymous.sandbox.clock.advance(301)
    form = {
        "grant_type": "refresh_token",
        "client_id": "up42-api",
        "refresh_token": first["refresh_token"],
    }
    second = anonymous.post(f"{REALM}/token", data=form)
    anonymous.use_token(second["access_token"])
    assert anonymous.get(f"{REALM}/userinfo")
    anonymous.sandbox.clock.advance(1800)
    assert anonymous.post(f"{REALM}/token", 400, data=form)["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"password": "wrong"}, 401, "invalid_grant"),
        ({"username": "nobody"}, 401, "invalid_grant"),
        ({"client_id": "somebody-else"}, 401, "invalid_client"),
        ({"grant_type": "magic"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"password": ""}, 400, "invalid_request"),
    ],
)
def test_wrong_credentials(
    anonymous: Api, changes: dict[str, str], status: int, error: str
) -> None:
    response = anonymous.login(**changes)
    assert response.status_code == status
    assert response.json()["error"] == error


def test_token_request_must_be_a_form(anonymous: Api) -> None:
    response = anonymous.post(f"{REALM}/token", 400, json={"grant_type": "password"})
    assert response["error"] == "invalid_request"


def test_userinfo_needs_the_scope(anonymous: Api) -> None:
    anonymous.use_token(anonymous.login(scope="").json()["access_token"])
    assert anonymous.get(f"{REALM}/userinfo", 403)["error"] == "insufficient_scope"


def test_project_token(anonymous: Api) -> None:
    sandbox = anonymous.sandbox
    credentials = (sandbox.project_id, sandbox.project_api_key)
    form = {"grant_type": "client_credentials"}
    response = anonymous.post("/oauth/token", data=form, auth=credentials)
    assert response["access_token"] == response["data"]["accessToken"]
    assert response["refresh_token"] is None
    anonymous.use_token(response["access_token"])
    assert anonymous.get(f"/projects/{sandbox.project_id}/jobs")["data"]
    assert anonymous.get(JOBS, 401)["status"] == 401


@pytest.mark.parametrize(
    "options",
    [
        {"data": {"grant_type": "client_credentials"}, "auth": ("a", "b")},
        {"data": {"grant_type": "client_credentials"}},
        {"data": {"grant_type": "password", "username": "a", "password": "b"}},
        {"data": {"grant_type": "client_credentials"}, "headers": {"Authorization": "Basic ???"}},
        {"data": {}},
        {"json": {}},
    ],
)
def test_project_token_refused_with_null(anonymous: Api, options: dict[str, object]) -> None:
    response = anonymous.client.post("/oauth/token", **options)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.json() is None


def test_account_token_of_the_old_endpoint_opens_all_projects(anonymous: Api) -> None:
    sandbox = anonymous.sandbox
    form = {
        "grant_type": "password",
        "username": sandbox.username,
        "password": sandbox.password,
    }
    anonymous.use_token(anonymous.post("/oauth/token", data=form)["access_token"])
    assert anonymous.get(f"/projects/{sandbox.analytics.other_project_id}/jobs")["data"]


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", "Basic YTpi"])
def test_no_token_no_answer(anonymous: Api, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = anonymous.client.get(JOBS, headers=headers)
    assert response.status_code == 401
    assert response.json()["title"] == "Unauthorized"
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_token_expires_on_the_clock(api: Api) -> None:
    assert api.get(JOBS)
    api.sandbox.clock.advance(299)
    assert api.get(JOBS)
    api.sandbox.clock.advance(2)
    assert "expired" in api.get(JOBS, 401)["detail"]


def test_revoked_tokens(api: Api) -> None:
    api.sandbox.revoke_tokens()
    api.get(JOBS, 401)


def test_unknown_paths_and_methods(api: Api) -> None:
    assert api.get("/v2/nothing", 404)["status"] == 404
    response = api.client.delete(JOBS)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json()["title"] == "Method Not Allowed"


def test_bodies_that_are_too_large(api: Api) -> None:
    response = api.client.post("/v2/assets/stac/search", content=b" " * 10_000_001)
    assert response.status_code == 413


def test_links_follow_the_host_that_was_asked(api: Api) -> None:
    host = api.sandbox.url.replace("127.0.0.1", "localhost")
    response = api.client.get("/v2/assets/stac", headers={"Host": host.removeprefix("http://")})
    assert all(link["href"].startswith(host) for link in response.json()["links"])


def test_head_is_get_without_a_body(api: Api) -> None:
    response = api.client.head(JOBS)
    assert response.status_code == 200
    assert response.content == b""


def test_environment_leads_here(api: Api) -> None:
    environment = api.sandbox.environment
    assert set(environment) == {"UP42_USERNAME", "UP42_PASSWORD", "UP42_BASE_URL"}
    assert httpx.get(environment["UP42_BASE_URL"]).status_code == 404
