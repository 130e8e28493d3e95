"""Collect the credentials from arguments, a file and the environment; say which is wrong."""

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
HOW_TO_GIVE = (
    "Give username and password (or project_id and project_api_key) as arguments, in a JSON "
    "file (cfg_file), or as UP42_USERNAME and UP42_PASSWORD (UP42_PROJECT_ID and "
    "UP42_PROJECT_API_KEY) in the environment."
)


def variable(key: str) -> str:
    """Return the name of the environment variable for an argument."""
    return f"UP42_{key.upper()}"


@frozen
class AccountCredentials:
    """E-mail address and password of an UP42 account."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@frozen
class ProjectCredentials:
    """Id and API key of a project, as the analytics API took them."""

    project_id: str
    project_api_key: str = field(repr=False)


Credentials = AccountCredentials | ProjectCredentials


def collect(
    cfg_file: str | Path | None, arguments: Mapping[str, str | None]
) -> tuple[Credentials, str | None]:
    """Return the credentials and the default project id.

    Args:
        cfg_file: Path of a JSON file with some of `username`, `password`, `project_id` and
            `project_api_key`.
        arguments: The same keys as given by the caller; None where missing.

    Raises:
        ConfigurationError: A credential from two sources, an incomplete pair, both kinds at
            once, none at all, or an unreadable file.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    stored = read_file(Path(cfg_file).expanduser()) if cfg_file is not None else {}
    refuse_unusable(given, "as argument")
    refuse_unusable(stored, f"in {cfg_file}")
    refuse_doubles(given, stored, cfg_file)
    known = fill_from_environment({**given, **stored})
    refuse_unusable(known, "in the environment")
    return choose(known), plain(known.get("project_id"))


def read_file(path: Path) -> dict[str, str]:
    """Return the content of a credentials file, whatever encoding an editor gave it."""
    content = parsed(path)
    # Raised here, without the decoder's error as context: that quotes the file.
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        problem = "is not valid JSON" if content is None else "contains something else"
        raise ConfigurationError(
            f"The credentials file cfg_file={str(path)!r} {problem}. Expected a JSON object of "
            'strings such as {"username": "…", "password": "…"}.'
        )
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise ConfigurationError(
            f"The credentials file cfg_file={str(path)!r} has unknown keys: "
            f"{', '.join(unknown)}. Known are {', '.join(KEYS)}."
        )
    return content


def plain(value: str | None) -> str | None:
    # A project ID is shown; str() of a secret is a plain string.
    return None if value is None else str(value)


def parsed(path: Path) -> Any:
    """Return the JSON of a file with its strings as secrets; None if it isn't JSON."""
    try:
        # From bytes, json finds out about UTF-8, UTF-16, and UTF-32, with a mark or without.
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"The credentials file cfg_file={str(path)!r} can't be read: {error.strerror}."
        ) from error
    except (ValueError, RecursionError):
        return None
    return hidden(content) if isinstance(content, dict) else content


def hidden(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values that are hidden where a traceback shows local variables."""
    return {
        key: Secret(value) if isinstance(value, str) else value for key, value in values.items()
    }


def refuse_unusable(values: Mapping[str, str], where: str) -> None:
    for key, value in values.items():
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{key} is given {where}, but isn't a non-empty string.")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ConfigurationError(
                f"{key} is given {where}, but has characters that can't be sent: it's not valid "
                "Unicode."
            )


def refuse_doubles(
    given: Mapping[str, str], stored: Mapping[str, str], cfg_file: str | Path | None
) -> None:
    doubled = sorted(set(given) & set(stored))
    if doubled:
        raise ConfigurationError(
            f"{', '.join(doubled)} given twice: as argument and in cfg_file={str(cfg_file)!r}. "
            "Remove one of them."
        )


def fill_from_environment(explicit: dict[str, str]) -> dict[str, str]:
    """Add from the environment what is missing, of the kind that was begun explicitly."""
    if "project_api_key" in explicit:
        wanted: tuple[str, ...] = PROJECT_KEYS
    elif set(explicit) & set(ACCOUNT_KEYS):
        wanted = (*ACCOUNT_KEYS, "project_id")
    else:
        wanted = KEYS
    present = [key for key in wanted if os.environ.get(variable(key))]
    return {**{key: Secret(os.environ[variable(key)]) for key in present}, **explicit}


def choose(known: Mapping[str, str]) -> Credentials:
    has_account = bool(set(known) & set(ACCOUNT_KEYS))
    if has_account and "project_api_key" in known:
        raise ConfigurationError(
            "Two kinds of credentials are given: username/password and project_api_key. "
            "Keep one of them (check UP42_… in the environment too)."
        )
    if has_account:
        require_pair(known, ACCOUNT_KEYS)
        return AccountCredentials(known["username"], known["password"])
    if "project_api_key" in known or "project_id" in known:
        require_pair(known, PROJECT_KEYS)
        return ProjectCredentials(str(known["project_id"]), known["project_api_key"])
    raise ConfigurationError(f"No credentials found. {HOW_TO_GIVE}")


def require_pair(known: Mapping[str, str], pair: tuple[str, str]) -> None:
    missing = [key for key in pair if key not in known]
    if missing:
        present = next(key for key in pair if key in known)
        raise ConfigurationError(
            f"{missing[0]} is missing: {present} alone is not enough. Give it as argument, in "
            f"cfg_file, or as {variable(missing[0])} in the environment."
        )
