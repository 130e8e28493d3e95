"""Credentials: from arguments, a file, the environment, or a stored login.

A stored login is one file per profile, which only its owner can read.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from up42_facade._common.paths import expanded
from up42_facade.errors import ConfigurationError
from up42_facade.session._hosts import (
    DEFAULT_REGION,
    REGIONS,
    Hosts,
    check_base_url,
    choose_hosts,
)
from up42_facade.session._redaction import Secret

ACCOUNT_KEYS = ("username", "password")
PROJECT_KEYS = ("project_id", "project_api_key")
KEYS = ACCOUNT_KEYS + PROJECT_KEYS
WAYS = (
    "Run `up42 auth login`, or pass username and password (or project_id and project_api_key) as "
    "arguments, in a JSON file (cfg_file), or as UP42_USERNAME and UP42_PASSWORD (UP42_PROJECT_ID "
    "and UP42_PROJECT_API_KEY) in the environment."
)
DEFAULT_PROFILE = "default"
PROFILE_VARIABLE = "UP42_PROFILE"
# Credentials in the environment, which replace a stored login.
CREDENTIAL_VARIABLES = ("UP42_USERNAME", "UP42_PASSWORD", "UP42_PROJECT_API_KEY")
# A profile is the name of a file.
PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}", re.ASCII)
# Permissions of others than the owner.
OTHERS = stat.S_IRWXG | stat.S_IRWXO


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
    stored = read_file(expanded(cfg_file)) if cfg_file is not None else {}
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
        content = strings_in(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{name} can't be read: {error.strerror}.") from error
    if content is None:
        raise ConfigurationError(
            f"{name} isn't valid. Expected a JSON object of strings such as "
            '{"username": "…", "password": "…"}.'
        )
    unknown = sorted(set(content) - set(KEYS))
    if unknown:
        raise ConfigurationError(
            f"{name} has unknown keys: {', '.join(unknown)}. Expected {', '.join(KEYS)}."
        )
    check_strings(content, f"in {path}")
    return content


def strings_in(data: bytes) -> dict[str, Any] | None:
    """Return a JSON object of strings, hidden in tracebacks; None for any other content."""
    try:
        # json detects UTF-8, UTF-16, and UTF-32 in bytes, with a byte order mark or without.
        content = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        return None
    return hidden(content)


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


@frozen
class Login:
    """A stored login.

    Attributes:
        profile: Its name.
        hosts: The only hosts that it's sent to.
    """

    profile: str
    username: str = field(repr=False)
    password: str = field(repr=False)
    hosts: Hosts

    @property
    def arguments(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}

    def hosts_for(self, region: str, base_url: str | None) -> Hosts:
        """Return its hosts.

        Args:
            region, base_url: As for `Session`.

        Raises:
            ConfigurationError: If the arguments or the environment name other hosts.
        """
        named = (base_url, os.environ.get("UP42_BASE_URL"), os.environ.get("UP42_REGION"))
        is_named = any(named) or region is not DEFAULT_REGION
        if is_named and choose_hosts(region, base_url) != self.hosts:
            raise ConfigurationError(
                f"The stored login {self.profile!r} is for {self.hosts.api}, but region or "
                "base_url (UP42_REGION, UP42_BASE_URL) name another server. Remove them, or log "
                "in there with: up42 auth login --profile NAME"
            )
        return self.hosts


def find_login(profile: str | None, *, has_credentials: bool) -> Login | None:
    """Return the stored login to use, or None.

    Args:
        profile: Its name, if the caller passed one.
        has_credentials: Whether the caller passed credentials.

    Raises:
        ConfigurationError: If credentials and a profile are given, or the login can't be read.
    """
    if profile is not None:
        if has_credentials:
            raise ConfigurationError(f"profile={profile!r} and credentials are given: pass one.")
        return read_login(profile)
    if has_credentials:
        return None
    chosen = os.environ.get(PROFILE_VARIABLE)
    present = [name for name in CREDENTIAL_VARIABLES if os.environ.get(name)]
    if chosen and present:
        raise ConfigurationError(
            f"{PROFILE_VARIABLE} and {', '.join(present)} are set in the environment: unset one, "
            "as they can belong to different accounts."
        )
    if chosen:
        return read_login(chosen)
    is_stored = not present and login_path(DEFAULT_PROFILE).is_file()
    return read_login(DEFAULT_PROFILE) if is_stored else None


def worker_arguments(profile: str | None, hosts: Hosts) -> dict[str, str]:
    """Return the credentials of a session that was unpickled; empty if they aren't stored here.

    Args:
        profile: Name of the stored login that it was created with.
        hosts: Its hosts.

    Raises:
        ConfigurationError: If the login can't be read.
    """
    if profile is None or not login_path(profile).is_file():
        return {}
    login = read_login(profile)
    return login.arguments if login.hosts == hosts else {}


def login_path(profile: str) -> Path:
    """Return the path of a stored login, which might not exist.

    Raises:
        ConfigurationError: If the profile isn't a name.
    """
    if not isinstance(profile, str) or not PROFILE.fullmatch(profile):
        raise ConfigurationError(
            f"profile={profile!r}: expected a name of letters, digits, and '_', '.', '@', or '-'."
        )
    # os.path never raises, even if there is no home folder.
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111
    return Path(folder) / "up42" / "credentials" / f"{profile}.json"


def read_login(profile: str) -> Login:
    """Return a stored login.

    Raises:
        ConfigurationError: If it doesn't exist, others can read it, or its content is wrong.
    """
    path = login_path(profile)
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = parse(file.read())
    except FileNotFoundError:
        raise unknown_login(path) from None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    if os.name != "nt" and mode & OTHERS:
        raise ConfigurationError(
            f"{path} contains a password, but other users have access to it (mode "
            f"{stat.S_IMODE(mode):o}), so it isn't used. Run: chmod 600 {path}"
        )
    if content is None:
        raise ConfigurationError(
            f"{path} isn't a stored login. Create it again with: up42 auth login --profile "
            f"{profile}"
        )
    return Login(profile, content["username"], content["password"], read_hosts(content))


def unknown_login(path: Path) -> ConfigurationError:
    """Return the error for the path of a login that isn't stored."""
    stored = sorted(found.stem for found in path.parent.glob("*.json"))
    return ConfigurationError(
        f"There is no stored login {path.stem!r}: {path} doesn't exist. "
        f"{'Stored: ' + ', '.join(stored) + '. ' if stored else ''}"
        f"Create it with: up42 auth login --profile {path.stem}"
    )


def parse(data: bytes) -> dict[str, str] | None:
    """Return the content of a stored login; None if it isn't one."""
    content = strings_in(data) or {}
    server = content.keys() & {"region", "base_url"}
    is_complete = content.keys() >= {"username", "password"} and len(server) == 1
    is_known = content.get("region", "eu") in REGIONS
    return content if is_complete and is_known else None


def read_hosts(content: dict[str, str]) -> Hosts:
    if "region" in content:
        region = str(content["region"])
        return Hosts(*REGIONS[region], region)
    origin = check_base_url(str(content["base_url"]))
    return Hosts(origin, origin, None)


def save_login(profile: str, username: str, password: str, hosts: Hosts) -> Path:
    """Store a login, for later sessions with this profile.

    Args:
        profile: Its name; an existing login of this name is replaced.
        username, password: Credentials of the account. The file contains them unencrypted.
        hosts: Hosts of the session that they were checked with.

    Returns:
        The path of the file, which only its owner can read and write.

    Raises:
        ConfigurationError: If the profile isn't a name, or the file can't be written.
    """
    path = login_path(profile)
    server = {"region": hosts.region} if hosts.region else {"base_url": hosts.api}
    content = json.dumps({"username": username, "password": password, **server}, indent=2)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Created with mode 600.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{content}\n")
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"{path} can't be written: {error.strerror}.") from error
    return path


def delete_login(profile: str) -> Path:
    """Delete a stored login, and return the path that it had.

    Raises:
        ConfigurationError: If there is no such login, or it can't be deleted.
    """
    path = login_path(profile)
    try:
        path.unlink()
    except FileNotFoundError:
        raise unknown_login(path) from None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be deleted: {error.strerror}.") from error
    return path
