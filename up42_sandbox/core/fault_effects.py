"""What faults do to answers and connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Scope, Send

from up42_sandbox.core.faults import Fault
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import JSON_TYPE, Accent, problem
from up42_sandbox.core.server import TRANSPORT


def faulty_answer(fault: Fault, accent: Accent = problem) -> Response:
    """Build the answer of a fault that has a status.

    Args:
        fault: The fault.
        accent: How errors are told where it happens.
    """
    status = fault.status or 500
    if fault.body is None:
        response = _default_answer(status, accent)
    elif isinstance(fault.body, bytes | str):
        response = Response(fault.body, status, media_type=fault.content_type or "text/plain")
    else:
        content = json.dumps(fault.body)
        response = Response(content, status, media_type=fault.content_type or JSON_TYPE)
    _add_headers(response, fault)
    return response


def _default_answer(status: int, accent: Accent) -> Response:
    if status < 400:
        return Response(status_code=status)
    try:
        return accent(ApiError(status))
    except ValueError:
        # A status such as 520 has no standard phrase.
        return Response(f'{{"title": "Error", "status": {status}}}', status, media_type=JSON_TYPE)


def spoil(response: Response, fault: Fault) -> Response:
    """Change a genuine answer as a fault without a status of its own asks for."""
    if fault.patch is not None:
        try:
            document = json.loads(bytes(response.body) or b"{}")
        except ValueError:
            # There is nothing to merge into: a file, a picture, a log.
            document = {}
        content = json.dumps(merge(document, fault.patch)).encode()
        response = _with_content(response, content, response.status_code)
    if fault.malformed:
        content = bytes(response.body)
        response = _with_content(response, content[: max(1, len(content) // 2)] or b"{", 200)
    if fault.body is not None:
        raw = fault.body if isinstance(fault.body, bytes) else _as_text(fault.body).encode()
        response = _with_content(response, raw, response.status_code)
    if fault.content_type is not None:
        response.headers["content-type"] = fault.content_type
    _add_headers(response, fault)
    return response


def _as_text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def _with_content(response: Response, content: bytes, status: int) -> Response:
    media_type = response.headers.get("content-type", JSON_TYPE)
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in ("content-length", "content-type")
    }
    return Response(content, status, headers, media_type=media_type)


def _add_headers(response: Response, fault: Fault) -> None:
    for name, value in fault.headers.items():
        response.headers[name] = value
    if isinstance(fault.retry_after, datetime):
        moment = fault.retry_after.astimezone(UTC)
        response.headers["retry-after"] = format_datetime(moment, usegmt=True)
    elif fault.retry_after is not None:
        response.headers["retry-after"] = str(fault.retry_after)


def merge(target: Any, patch: Any) -> Any:
    """Merge a patch into a JSON document.

    Args:
        target: The document.
        patch: Mappings are merged member by member, and into every element of a list;
            everything else replaces what was there.

    Returns:
        The new document.

    Example:
        >>> merge({"jobs": [{"status": "valid"}]}, {"jobs": {"status": "paused"}})
        {'jobs': [{'status': 'paused'}]}
    """
    if not isinstance(patch, Mapping):
        return patch
    if isinstance(target, list):
        return [merge(element, patch) for element in target]
    base = target if isinstance(target, dict) else {}
    return {**base, **{key: merge(base.get(key), value) for key, value in patch.items()}}


async def hang_up(scope: Scope) -> None:
    """Close the connection at once, without an answer."""
    scope["state"][TRANSPORT].abort()
    await _until_lost()


def cut_after(limit: int, scope: Scope, send: Send) -> Send:
    """Let headers and `limit` bytes of the body through, then close the connection."""
    left = limit

    async def cutting_send(message: Message) -> None:
        nonlocal left
        if message["type"] != "http.response.body":
            await send(message)
            return
        body = message.get("body", b"")
        if len(body) < left or (len(body) == left and message.get("more_body", False)):
            left -= len(body)
            await send(message)
            return
        await send({"type": "http.response.body", "body": body[:left], "more_body": True})
        # close(), unlike abort(), delivers what is already written: the client gets
        # exactly the promised number of bytes.
        scope["state"][TRANSPORT].close()
        await _until_lost()
        raise ConnectionAbortedError(f"cut after {limit} bytes as asked")

    return cutting_send


async def _until_lost() -> None:
    # The event loop reports the loss in its next rounds; only then does the protocol
    # know that no answer is expected any more.
    for _ in range(3):
        await asyncio.sleep(0)
