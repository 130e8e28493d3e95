"""Collect the credentials from arguments, a file, and the environment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from up42_facade.errors import ConfigurationError
from up42_facade.session._redaction import Secret

ACCOUNT_KEYS = ("username", "password")
PROJECT_KEYS = ("project_id", "project_api_key")
KEYS = ACCOUNT_KEYS + PROJECT_KEYS
WAYS = (
    "Run `up42 auth login`, or pass username and password (or project_id and project_api_key) as "
    "arguments, in a JSON file (cfg_file), or as UP42_USERNAME and UP42_PASSWORD (UP42_PROJECT_ID "
    "and UP42_PROJECT_API_KEY) in the environment."
)


@frozen
class AccountCredentials:
    """Email address and password of an UP42 account."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@frozen
class ProjectCredentials:
    """ID and API key of a project of the legacy analytics API."""

    project_id: str
    project_api_key: str = field(repr=False)


Credentials = AccountCredentials | ProjectCredentials


def collect(
    cfg_file: str | Path | None, arguments: Mapping[str, str | None]
) -> tuple[Credentials, str | None]:
    """Return the credentials and the default project ID.

    Args:
        cfg_file: Path of a JSON file with some of `username`, `password`, `project_id`, and
            `project_api_key`.
        arguments: The caller's values of the same keys, or None.

    Raises:
        ConfigurationError: If a value is given twice or can't be used, a pair is incomplete,
            credentials of both kinds or none are given, or the file can't be read.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    check_strings(given, "as argument")
    stored = read_file(Path(cfg_file).expanduser()) if cfg_file is not None else {}
    twice = sorted(given.keys() & stored.keys())
    if twice:
        raise ConfigurationError(
            f"{', '.join(twice)} given twice: as argument and in cfg_file={str(cfg_file)!r}. "
            "Remove one of them."
        )
    known = with_environment({**given, **stored})
    project_id = known.get("project_id")
    # The project ID isn't secret: str() returns the plain string of a `Secret`.
    return choose(known), None if project_id is None else str(project_id)


def read_file(path: Path) -> dict[str, str]:
    """Return the content of a credentials file in any Unicode encoding."""
    name = f"The credentials file cfg_file={str(path)!r}"
    try:
        # json detects UTF-8, UTF-16, and UTF-32 in bytes, with a byte order mark or without.
        content = json.loads(path.read_bytes())
        content = hidden(content) if isinstance(content, dict) else content
    except OSError as error:
        raise ConfigurationError(f"{name} can't be read: {error.strerror}.") from error
    except (ValueError, RecursionError):
        content = None
    # Raised here, without the decoder's error as context: that quotes the file.
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        problem = "isn't valid JSON" if content is None else "contains something else"
        raise ConfigurationError(
            f"{name} {problem}. Expected a JSON object of strings such as "
            '{"username": "…", "password": "…"}.'
        )
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise ConfigurationError(
            f"{name} has unknown keys: {', '.join(unknown)}. Expected {', '.join(KEYS)}."
        )
    check_strings(content, f"in {path}")
    return content


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values whose strings are hidden if a traceback shows local variables."""
    return {key: Secret(v) if isinstance(v, str) else v for key, v in values.items()}


def check_strings(values: Mapping[str, str], where: str) -> None:
    for key, value in values.items():
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{key} is given {where}, but isn't a non-empty string.")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ConfigurationError(f"{key} is given {where}, but isn't valid Unicode.")


def with_environment(explicit: dict[str, str]) -> dict[str, str]:
    """Add missing values from the environment, of the kind of the explicit ones."""
    if "project_api_key" in explicit:
        wanted: tuple[str, ...] = PROJECT_KEYS
    elif explicit.keys() & set(ACCOUNT_KEYS):
        wanted = (*ACCOUNT_KEYS, "project_id")
    else:
        wanted = KEYS
    found = {key: Secret(os.environ.get(variable(key), "")) for key in wanted}
    present = {key: value for key, value in found.items() if value}
    check_strings(present, "in the environment")
    return {**present, **explicit}


def variable(key: str) -> str:
    """Return the name of the environment variable for an argument."""
    return f"UP42_{key.upper()}"


def choose(known: Mapping[str, str]) -> Credentials:
    has_account = bool(known.keys() & set(ACCOUNT_KEYS))
    if has_account and "project_api_key" in known:
        raise ConfigurationError(
            "Conflicting credentials: both username/password and project_api_key are set. Remove "
            "one of them (check the UP42_… environment variables, too)."
        )
    if has_account:
        require_both(known, ACCOUNT_KEYS)
        return AccountCredentials(known["username"], known["password"])
    if known:
        require_both(known, PROJECT_KEYS)
        return ProjectCredentials(str(known["project_id"]), known["project_api_key"])
    raise ConfigurationError(f"No credentials found. {WAYS}")


def require_both(known: Mapping[str, str], keys: tuple[str, str]) -> None:
    missing = [key for key in keys if key not in known]
    if missing:
        present = next(key for key in keys if key in known)
        raise ConfigurationError(
            f"{missing[0]} is missing: {present} alone isn't enough. Pass it as argument, in "
            f"cfg_file, or as {variable(missing[0])} in the environment."
        )
