"""Where credentials come from, and what is said when they are wrong."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42

SECRET = "s3cret-pass"


def write(folder: Path, content: Any) -> Path:
    path = folder / "credentials.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def found(cfg_file: Path | str | None = None, **given: str) -> tuple[str, str | None, up42.Session]:
    """Return who a session authenticates as, its project, and the session, closed."""
    with up42.Session(cfg_file, **given, pickle_credentials=True) as session:
        return session.payer, session.project_id, session


def test_arguments() -> None:
    payer, project, session = found(username="a@b.c", password=SECRET)
    assert (payer, project) == ("a@b.c", None)
    assert SECRET.encode() in pickle.dumps(session)


@pytest.mark.parametrize(
    ("content", "payer"),
    [
        ({"username": "a@b.c", "password": SECRET}, "a@b.c"),
        ({"project_id": "p", "project_api_key": SECRET}, "p"),
    ],
)
def test_file(tmp_path: Path, content: dict[str, str], payer: str) -> None:
    path = write(tmp_path, content)
    for cfg_file in (path, str(path)):
        assert found(cfg_file)[0] == payer
        assert SECRET.encode() in pickle.dumps(found(cfg_file)[2])


def test_environment_fills_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UP42_USERNAME", "other@b.c")
    monkeypatch.setenv("UP42_PASSWORD", SECRET)
    monkeypatch.setenv("UP42_PROJECT_ID", "project")
    payer, project, session = found(username="a@b.c")
    assert (payer, project) == ("a@b.c", "project")
    assert SECRET.encode() in pickle.dumps(session)
    assert found()[0] == "other@b.c"


def test_environment_of_the_other_kind_does_not_disturb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UP42_PROJECT_ID", "project")
    monkeypatch.setenv("UP42_PROJECT_API_KEY", "key")
    assert found(username="a", password="b")[0] == "a"
    assert found()[0] == "project"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "UP42_USERNAME"),
        ({"username": "a@b.c"}, "password is missing"),
        ({"password": SECRET}, "username is missing"),
        ({"project_id": "p"}, "project_api_key is missing"),
        ({"project_api_key": "k"}, "project_id is missing"),
        ({"username": "a", "password": "b", "project_api_key": "k"}, "Conflicting"),
        ({"username": "", "password": "b"}, "username"),
    ],
)
def test_incomplete_or_ambiguous(given: dict[str, str], named: str) -> None:
    with pytest.raises(up42.ConfigurationError, match=named) as caught:
        found(**given)
    assert SECRET not in str(caught.value)


def test_both_kinds_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("USERNAME", "PASSWORD", "PROJECT_ID", "PROJECT_API_KEY"):
        monkeypatch.setenv(f"UP42_{key}", "x")
    with pytest.raises(up42.ConfigurationError, match="Conflicting"):
        found()


def test_two_sources_for_one_credential(tmp_path: Path) -> None:
    path = write(tmp_path, {"username": "a", "password": SECRET})
    with pytest.raises(up42.ConfigurationError, match=r"username given twice.*credentials\.json"):
        found(path, username="b")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{broken", "JSON object of strings"),
        ([1], "JSON object"),
        ({"username": 5}, "JSON object of strings"),
        ({"user": "a"}, "unknown keys: user"),
        ({"username": "", "password": "x"}, "username"),
    ],
)
def test_bad_file(tmp_path: Path, content: Any, named: str) -> None:
    with pytest.raises(up42.ConfigurationError, match=named):
        found(write(tmp_path, content))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings_of_files(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "credentials.json"
    path.write_text('{"username": "ü", "password": "pässword"}', encoding=encoding)
    payer, _, session = found(path)
    assert payer == "ü"
    assert "pässword".encode() in pickle.dumps(session)


def test_a_password_that_can_not_be_sent(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text('{"username": "u", "password": "SECRET-7\\ud800"}')
    with pytest.raises(up42.ConfigurationError, match="password") as caught:
        found(path)
    assert "SECRET-7" not in repr(caught.value)


def test_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(up42.ConfigurationError, match=r"nowhere\.json.*No such file"):
        found(tmp_path / "nowhere.json")


def test_broken_file_is_not_quoted(tmp_path: Path) -> None:
    path = write(tmp_path, '{"password": "' + SECRET)
    with pytest.raises(up42.ConfigurationError) as caught:
        found(path)
    assert caught.value.__cause__ is None
    assert SECRET not in str(caught.value)


ACCOUNT = {"username": "a@b.c", "password": SECRET}


def hosts_of(**given: Any) -> Any:
    return found(**ACCOUNT, **given)[2].hosts


def test_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hosts_of() == ("https://api.up42.com", "https://auth.up42.com", "eu")
    assert hosts_of(region="sa") == ("https://api.sa.up42.com", "https://auth.sa.up42.com", "sa")
    monkeypatch.setenv("UP42_REGION", "sa")
    assert hosts_of().region == "sa"
    assert hosts_of(region="eu").region == "eu"
    with pytest.raises(up42.ConfigurationError, match="'us': expected one of eu, sa"):
        hosts_of(region="us")
    with pytest.raises(up42.ConfigurationError, match="'us': expected one of eu, sa"):
        hosts_of(region="us", base_url="http://127.0.0.1:1")


def test_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = hosts_of(base_url="http://127.0.0.1:8042/")
    assert hosts.api == hosts.auth == "http://127.0.0.1:8042"
    monkeypatch.setenv("UP42_BASE_URL", "http://localhost:1")
    assert hosts_of().api == "http://localhost:1"


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8042",
        "localhost",
        "ftp://host",
        "http://",
        "http://u:p@host",
        "http://[",
        "",
        "http://a..b",
        f"http://{'x' * 64}",
    ],
)
def test_unusable_base_url(url: str) -> None:
    with pytest.raises(up42.ConfigurationError, match="base_url") as caught:
        hosts_of(base_url=url)
    assert "u:p" not in str(caught.value)


def test_the_default_region_is_eu() -> None:
    import inspect

    for function in (up42.authenticate, up42.Session):
        parameters = inspect.signature(function).parameters
        assert parameters["region"].default == "eu"
        assert list(parameters)[:7] == [
            "cfg_file",
            "username",
            "password",
            "project_id",
            "project_api_key",
            "region",
            "base_url",
        ]


def test_nothing_secret_in_reprs() -> None:
    with up42.Session(username="me@b.c", password=SECRET, base_url="http://127.0.0.1:1") as session:
        shown = repr(session) + repr(vars(session)) + repr(session.client)
    assert SECRET not in shown


@pytest.mark.parametrize(
    "use",
    [
        lambda: up42.Job.get("x"),
        lambda: up42.Job.all(),
        lambda: up42.Process.all(),
        lambda: up42.initialize_asset("x"),
        lambda: up42.search_items(),
        lambda: up42.processing_templates.Pansharpening(title="t", item="http://h/i"),
    ],
)
def test_before_authenticate(use: Any) -> None:
    with pytest.raises(up42.NotAuthenticatedError, match=r"authenticate\("):
        use()
