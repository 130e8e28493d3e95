"""Serves objects: complete or a range, at full speed or throttled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from up42_sandbox.core.fault_effects import slowed_down
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Access, Call, Route
from up42_sandbox.core.server import TRANSPORT, until_lost
from up42_sandbox.storage.objects import BUCKET, StorageError, StoredObject

CHUNK_BYTES = 256 * 1024
"""Bytes read and sent at a time; more only cost memory."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class UnsatisfiableRangeError(StorageError):
    """A range starts after the end of a file with a length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(416, "InvalidRange", "The requested range cannot be satisfied.")
        self.headers["content-range"] = f"bytes */{size}"


def parse_range(header: str | None, size: int) -> range | None:
    """Return the bytes that a `Range` header requests.

    Args:
        header: The header.
        size: Length of the file in bytes.

    Returns:
        The bytes, or None to send the complete file: without a header, with several ranges,
        or with an invalid one.

    Raises:
        UnsatisfiableRangeError: If no byte of the range exists.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        suffix = int(match[2])
        if suffix == 0 or size == 0:
            raise UnsatisfiableRangeError(size)
        return range(max(0, size - suffix), size)
    start = int(match[1])
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError(size)
    return range(start, min(int(match[2]) + 1, size) if match[2] else size)


def _still_valid(condition: str | None, stored: StoredObject) -> bool:
    modified = format_datetime(stored.modified, usegmt=True)
    return condition is None or condition in (stored.etag, modified)


class FileSlice(Response):
    """Streams a part of a file, with at most `rate` bytes per second."""

    def __init__(
        self, path: Path, part: range, status: int, headers: Mapping[str, str], rate: float | None
    ) -> None:
        super().__init__(b"", status, headers)
        self._path = path
        self._part = part
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers and bytes.

        Raises:
            ConnectionAbortedError: If the client disconnects.
        """
        if self._rate:
            send = slowed_down(self._rate, scope, send)
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        left = 0 if scope["method"] == "HEAD" else len(self._part)
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._part.start)
            while left and (chunk := file.read(min(CHUNK_BYTES, left))):
                if scope[TRANSPORT].is_closing():
                    await until_lost()
                    raise ConnectionAbortedError("the client disconnected")
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                left -= len(chunk)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def serve(call: Call) -> Response:
    """Serve a signed URL."""
    storage = call.world.storage
    query = {name: values[0] for name, values in call.query.items()}
    storage.check(call.path, query)
    name = call.path.removeprefix(f"/{BUCKET}/")
    # Building an object takes a while.
    stored = await run_in_threadpool(storage.get, name)
    if stored is None or not stored.is_in_place():
        details = f"No such object: {BUCKET}/{name}"
        raise StorageError(404, "NoSuchKey", "The specified key does not exist.", details)
    return _deliver(call, stored, query.get("response-content-disposition"))


def _deliver(call: Call, stored: StoredObject, disposition: str | None) -> Response:
    storage = call.world.storage
    headers = {
        "content-type": stored.media_type,
        "etag": stored.etag,
        "last-modified": format_datetime(stored.modified, usegmt=True),
    }
    if stored.hashes is not None:
        headers["x-goog-hash"] = stored.hashes
    if disposition is not None:
        headers["content-disposition"] = disposition.encode("ascii", "replace").decode()
    part = None
    if storage.ranges:
        headers["accept-ranges"] = "bytes"
        if _still_valid(call.headers.get("if-range"), stored):
            part = parse_range(call.headers.get("range"), stored.size)
    status = 200
    if part is not None:
        status = 206
        headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{stored.size}"
    part = part or range(stored.size)
    headers["content-length"] = str(len(part))
    return FileSlice(stored.path, part, status, headers, storage.rate)


def xml_error(error: ApiError) -> Response:
    """Return an error in the form of the storage service."""
    code, details = getattr(error, "code", "InvalidArgument"), getattr(error, "details", "")
    parts = (("Code", code), ("Message", str(error)), ("Details", details))
    body = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts if text)
    document = f"<?xml version='1.0' encoding='UTF-8'?><Error>{body}</Error>"
    return Response(document, error.status, error.headers, media_type="application/xml")


ROUTES = (Route("GET", f"/{BUCKET}/{{name:path}}", serve, Access.OPEN, xml_error),)
