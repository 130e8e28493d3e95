"""The bucket: signed URLs, and files that exist or are built when they are first fetched."""

from __future__ import annotations

import atexit
import base64
import hashlib
import hmac
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlencode

import google_crc32c

from up42_sandbox.core.clock import Clock
from up42_sandbox.core.problems import ApiError

BUCKET = "up42-sandbox-storage"

URL_LIFETIME_SECONDS = 300
"""Default lifetime of a signed URL."""

BLOCK_BYTES = 4 * 1024 * 1024
"""Bytes of a file in memory at a time."""

MEDIA_TYPES = {
    ".tif": "image/tiff",
    ".geojson": "application/geo+json",
    ".json": "application/json",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".zip": "application/zip",
}

ACCESS_ID = "storage@up42-sandbox.iam.example"

SignedUrl = Callable[..., str]


class StorageError(ApiError):
    """An error of the storage; `code` is the storage service's name for it."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(status, message)
        self.code = code
        self.details = details


@dataclass(frozen=True)
class StoredObject:
    """An object on disk; `etag` has quotes, `hashes` is the value of `x-goog-hash`, if known."""

    path: Path
    size: int
    etag: str
    modified: datetime
    media_type: str
    hashes: str | None

    def is_in_place(self) -> bool:
        """Return whether the file still exists, and no symbolic link replaced it."""
        return self.path.is_file() and self.path.resolve() == self.path


@dataclass
class _Entry:
    build: Callable[[Path], None] | None
    path: Path
    checksums: bool
    lock: threading.Lock = field(default_factory=threading.Lock)
    ready: StoredObject | None = None


# Files that are the same in every sandbox, by content. Drawing one takes up to seconds of CPU, and
# tests mostly have a sandbox each: built once, they stay until the process ends, or longer in the
# folder that this variable names. Processes of one test run can share it, not two versions.
FILES_VARIABLE = "UP42_SANDBOX_FILES"
_SHARED: dict[str, _Entry] = {}
_SHARING = threading.Lock()


@cache
def _shared_folder() -> Path:
    if given := os.environ.get(FILES_VARIABLE):
        return Path(given).resolve(strict=True)
    folder, owner = _new_folder(), os.getpid()

    def remove() -> None:
        # A fork runs this as well when it exits, and its parent still serves the files.
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


class Storage:
    """The bucket behind signed URLs.

    Attributes:
        ranges: Whether byte ranges are served. If not, every response is the complete file.
        rate: Bytes per second for each connection. If None, as fast as possible.
        lifetime: Seconds that new signed URLs work.

    Args:
        clock: Signed URLs expire by its wall time.
    """

    def __init__(self, clock: Clock) -> None:
        self.ranges = True
        self.rate: float | None = None
        self.lifetime: float = URL_LIFETIME_SECONDS
        self.url = ""
        self._clock = clock
        self._key = secrets.token_bytes()
        self._lock = threading.RLock()
        self._entries: dict[str, _Entry] = {}
        self._folder: Path | None = None

    def put(self, name: str, source: Path | str | bytes, *, checksums: bool = True) -> SignedUrl:
        """Store your own file.

        Args:
            name: Object name, can contain slashes. An object with this name is replaced.
            source: The content, or the path of a file to stream from.
            checksums: Compute MD5 and CRC-32C, which reads the file once.

        Returns:
            A function that returns a signed URL. Called with a number, it returns one that
            works for this many seconds.

        Raises:
            FileNotFoundError: If the file doesn't exist.
            ValueError: If `source` isn't a regular file.

        Example:
            >>> storage.put("a/output.tgz", data)()  # doctest: +SKIP
            'http://127.0.0.1:40123/up42-sandbox-storage/a/output.tgz?…'
        """
        if isinstance(source, bytes):
            path = self._new_path(name)
            path.write_bytes(source)
        else:
            path = Path(source).resolve(strict=True)
            if not path.is_file():
                raise ValueError(f"{path} isn't a regular file")
        entry = _Entry(None, path, checksums)
        entry.ready = _describe(path, PurePosixPath(name).suffix, checksums)
        with self._lock:
            self._entries[name] = entry
        return lambda lifetime=None: self.sign(name, lifetime=lifetime)

    def offer(
        self, name: str, build: Callable[[Path], None], *, content: str | None = None
    ) -> None:
        """Store an object that is built on first access, unless the name is already known.

        Args:
            name: Object name, can contain slashes.
            build: Writes the object to a path.
            content: Objects with the same string here share one file, in other sandboxes too.
        """
        with self._lock, _SHARING:
            if name in self._entries:
                return
            if content is None:
                self._entries[name] = _Entry(build, self._new_path(name), True)
                return
            if content not in _SHARED:
                file = hashlib.sha256(content.encode()).hexdigest() + PurePosixPath(name).suffix
                _SHARED[content] = _Entry(_once(build), _shared_folder() / file, True)
            self._entries[name] = _SHARED[content]

    def sign(self, name: str, *, filename: str | None = None, lifetime: float | None = None) -> str:
        """Return a signed URL.

        Args:
            name: Object name.
            filename: File name in `response-content-disposition`. If None, there is none.
            lifetime: Seconds that it works. Defaults to `self.lifetime`.
        """
        expires = self._clock.wall() + timedelta(
            seconds=self.lifetime if lifetime is None else lifetime
        )
        disposition = None if filename is None else f"attachment; filename={filename}"
        path, seconds = f"/{BUCKET}/{name}", str(int(expires.timestamp()))
        query = {
            "GoogleAccessId": ACCESS_ID,
            "Expires": seconds,
            "Signature": self._signature(path, seconds, disposition),
        }
        if disposition is not None:
            query["response-content-disposition"] = disposition
        return f"{self.url}{quote(path)}?{urlencode(query, quote_via=quote)}"

    def check(self, path: str, query: Mapping[str, str]) -> None:
        """Check the path and query of a signed URL.

        Raises:
            StorageError: 403, if the signature is missing, wrong, or expired.
        """
        expires, signature = query.get("Expires", ""), query.get("Signature", "")
        if not expires or not signature:
            details = "Anonymous caller does not have storage.objects.get access."
            raise StorageError(403, "AccessDenied", "Access denied.", details)
        right = self._signature(path, expires, query.get("response-content-disposition"))
        if not hmac.compare_digest(signature.encode(), right.encode()):
            message = "The request signature we calculated does not match the one you provided."
            raise StorageError(403, "SignatureDoesNotMatch", message, f"GET {path} {expires}")
        if self._clock.wall().timestamp() >= int(expires):
            details = f"Request signature expired at: {expires}"
            raise StorageError(403, "ExpiredToken", "The provided token has expired.", details)

    def _signature(self, path: str, expires: str, disposition: str | None) -> str:
        signed = f"GET\n\n\n{expires}\n{path}\n{disposition or ''}"
        return base64.b64encode(hmac.digest(self._key, signed.encode(), hashlib.sha256)).decode()

    def get(self, name: str) -> StoredObject | None:
        """Return an object, built if necessary, or None if the name is unknown."""
        with self._lock:
            entry = self._entries.get(name)
        if entry is None:
            return None
        with entry.lock:
            if entry.ready is None:
                if entry.build is not None:
                    entry.build(entry.path)
                suffix = PurePosixPath(name).suffix
                entry.ready = _describe(entry.path, suffix, entry.checksums)
            return entry.ready

    def close(self) -> None:
        """Remove the files of this sandbox that were built or stored as bytes."""
        with self._lock:
            self._entries.clear()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def _new_path(self, name: str) -> Path:
        with self._lock:
            if self._folder is None:
                self._folder = _new_folder()
        return _new_file(self._folder, PurePosixPath(name).suffix)


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="up42-sandbox-")).resolve()


def _new_file(folder: Path, suffix: str) -> Path:
    descriptor, path = tempfile.mkstemp(suffix, dir=folder)
    # Only the name is needed; the writer opens the file.
    os.close(descriptor)
    return Path(path)


def _once(build: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return a function that builds a file unless it's there; other processes see it complete."""

    def build_once(path: Path) -> None:
        if not path.exists():
            part = _new_file(path.parent, path.suffix)
            build(part)
            part.replace(path)

    return build_once


def _describe(path: Path, suffix: str, checksums: bool) -> StoredObject:
    status = path.stat()
    hashes, etag = _hashes(path) if checksums else (None, "")
    return StoredObject(
        path=path,
        size=status.st_size,
        etag=f'"{etag or f"{status.st_size:x}-{status.st_mtime_ns:x}"}"',
        modified=datetime.fromtimestamp(int(status.st_mtime), UTC),
        media_type=MEDIA_TYPES.get(suffix.lower(), "application/octet-stream"),
        hashes=hashes,
    )


def _hashes(path: Path) -> tuple[str, str]:
    """Return the value of `x-goog-hash`, and the MD5 in hex."""
    md5, crc32c = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            md5.update(block)
            crc32c.update(block)
    encoded = [base64.b64encode(digest).decode() for digest in (crc32c.digest(), md5.digest())]
    return f"crc32c={encoded[0]},md5={encoded[1]}", md5.hexdigest()
