"""Effects of faults on requests, responses, and connections."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Scope, Send

from up42_sandbox.core.faults import Fault
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import JSON_TYPE, Call, ErrorStyle, problem
from up42_sandbox.core.server import TRANSPORT, until_lost

PIECES_PER_SECOND = 20
"""A slow body is sent in pieces, so that it starts at once and doesn't pause."""


def faulty_response(fault: Fault, error_style: ErrorStyle = problem) -> Response:
    """Return the response of a fault that has a status.

    Args:
        fault: The fault.
        error_style: Form of errors at the requested path.
    """
    status = fault.status or 500
    if fault.body is None:
        return error_style(ApiError(status)) if status >= 400 else Response(status_code=status)
    default_type = "text/plain" if isinstance(fault.body, bytes | str) else JSON_TYPE
    return Response(_raw(fault.body), status, media_type=fault.content_type or default_type)


def changed_request(call: Call, fault: Fault) -> Call:
    """Return the request that the server handles in place of the one that was sent."""
    if fault.gzip:
        # A range would count compressed bytes: servers that compress on the fly ignore it.
        call = replace(call, headers={**call.headers, "range": ""})
    if fault.request_patch is None:
        return call
    try:
        document = json.loads(call.body)
    except ValueError:
        return call
    return replace(call, body=json.dumps(merge(document, fault.request_patch)).encode())


def spoil(response: Response, fault: Fault, call: Call) -> Response:
    """Apply a fault to a response, either the genuine one or one with the fault's status."""
    if fault.patch is not None:
        try:
            document = json.loads(bytes(response.body) or b"{}")
        except ValueError:
            # The body isn't JSON: a file, an image, a log.
            document = {}
        patch = fault.patch
        patched = patch(call, document) if callable(patch) else merge(document, patch)
        content = json.dumps(patched).encode()
        response = _with_content(response, content, response.status_code)
    if fault.malformed:
        content = bytes(response.body)
        status = 200 if fault.status is None else response.status_code
        response = _with_content(response, content[: max(1, len(content) // 2)] or b"{", status)
    if fault.body is not None and fault.status is None:
        response = _with_content(response, _raw(fault.body), response.status_code)
    if fault.gzip:
        del response.headers["accept-ranges"]
    if fault.content_type is not None:
        response.headers["content-type"] = fault.content_type
    _add_headers(response, fault)
    return response


def _raw(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


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
            any other value replaces the old one.

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


def changed_body(fault: Fault, scope: Scope, send: Send) -> Send:
    """Return a `send` that applies a fault to the body: compressed, longer, slow, or cut off."""
    if isinstance(fault.drop, int):
        send = cut_after(fault.drop, scope, send)
    if fault.rate is not None:
        send = slowed_down(fault.rate, scope, send)
    if fault.append is not None:
        send = _lengthened(fault.append, send)
    return _compressed(send) if fault.gzip else send


def _compressed(send: Send) -> Send:
    start: Message = {}
    parts: list[bytes] = []

    async def compressing_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        content = gzip.compress(b"".join(parts), 1)
        headers = [
            *_without_length(start["headers"]),
            (b"content-length", str(len(content)).encode()),
            (b"content-encoding", b"gzip"),
        ]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return compressing_send


def _lengthened(count: int, send: Send) -> Send:
    async def lengthening_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send({**message, "headers": _without_length(message["headers"])})
        elif message.get("more_body", False):
            await send(message)
        else:
            await send({**message, "body": message.get("body", b"") + bytes(count)})

    return lengthening_send


def _without_length(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != b"content-length"]


def slowed_down(rate: float, scope: Scope, send: Send) -> Send:
    """Return a `send` that sends at most `rate` bytes of the body per second."""
    size = max(1, int(rate / PIECES_PER_SECOND))
    began, sent = time.monotonic(), 0

    async def slow_send(message: Message) -> None:
        nonlocal sent
        body = message.get("body", b"")
        while body and not scope[TRANSPORT].is_closing():
            piece, body = body[:size], body[size:]
            await send({**message, "body": piece, "more_body": True})
            sent += len(piece)
            await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
        if not message.get("more_body", False):
            await send({**message, "body": body} if "body" in message else message)

    return slow_send


async def hang_up(scope: Scope) -> None:
    """Close the connection at once, without a response."""
    scope[TRANSPORT].abort()
    await until_lost()


def cut_after(limit: int, scope: Scope, send: Send) -> Send:
    """Return a `send` that closes the connection after `limit` bytes of the body."""
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
        # close(), unlike abort(), delivers what is already written, so the client gets
        # exactly this number of bytes.
        scope[TRANSPORT].close()
        await until_lost()
        raise ConnectionAbortedError(f"cut after {limit} bytes")

    return cutting_send
