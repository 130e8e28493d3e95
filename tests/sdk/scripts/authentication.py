"""Log in, with the right and with a wrong password, and use the SDK without."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import _rival
from up42 import base, processing


def attempt(username: str, password: str) -> dict[str, Any]:
    try:
        base.authenticate(username=username, password=password)
    except ValueError as error:
        return _rival.failure(error)
    return {"workspace_id": base.workspace.id}


def unauthenticated() -> dict[str, Any]:
    try:
        return {"jobs": len(list(processing.Job.all()))}
    except ValueError as error:
        return _rival.failure(error)


given = _rival.settings()
_rival.reply(
    {
        "version": version("up42-py"),
        "before": unauthenticated(),
        "wrong_password": attempt(given["username"], "not the password"),
        "wrong_user": attempt("nobody@example.com", given["password"]),
        "right": attempt(given["username"], given["password"]),
        "after": {"jobs": len(list(processing.Job.all()))},
    }
)
