"""What all scripts share. They run where the official SDK is installed and nothing of ours is.

A script reads its settings as JSON from standard input and writes its findings as JSON to
standard output; whatever the SDK says goes to standard error.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

from up42 import base, host, processing

REALM = "/realms/public/protocol/openid-connect"


def settings() -> dict[str, Any]:
    """Read what the test asks for, and point the SDK's hosts at the sandbox."""
    given: dict[str, Any] = json.load(sys.stdin)
    url = given["url"]
    host.endpoint = lambda path: f"{url}{path}"
    host.token_endpoint = lambda: f"{url}{REALM}/token"
    host.user_info_endpoint = lambda: f"{url}{REALM}/userinfo"
    return given


def authenticated() -> dict[str, Any]:
    """Do what `settings` does, and log in."""
    given = settings()
    base.authenticate(username=given["username"], password=given["password"])
    return given


def reply(findings: Any) -> None:
    json.dump(findings, sys.stdout)


def failure(error: BaseException) -> dict[str, str]:
    return {"raised": type(error).__name__, "text": str(error)}


def moment(value: dt.datetime | None) -> str | None:
    """Write a time as the SDK read it: with or without a zone, cut to milliseconds."""
    return None if value is None else value.isoformat()


def job_facts(job: processing.Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "process_id": job.process_id,
        "account_id": job.account_id,
        "workspace_id": job.workspace_id,
        "definition": job.definition,
        "status": job.status.value,
        "collection_url": job.collection_url,
        "errors": [[error.name, error.message] for error in job.errors or []],
        "credits": job.credits,
        "created": moment(job.created),
        "updated": moment(job.updated),
        "started": moment(job.started),
        "finished": moment(job.finished),
    }
