"""Folders in other stores, through fsspec: what lies there, and files that appear whole."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import field, frozen

from up42_facade.downloads._folders import RESERVED_NAME, FoundFile
from up42_facade.downloads._layout import in_use
from up42_facade.downloads._locations import below, scheme_of, single_name
from up42_facade.errors import (
    InvalidInputError,
    MissingExtraError,
    Up42Error,
    UploadError,
)

EXTRA = "cloud"
# Stores without folders, where making one would make a bucket. They show an object when all of it
# has arrived, so that it needs no temporary name.
BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2"})
# Stores whose drivers take the size of parts, and hold several in memory: 50 MiB each by default.
PARTS = frozenset({"s3", "s3a", "gs", "gcs"})
MIB = 1 << 20
# Bytes of one part, if that is enough for the file.
PART_BYTES = 8 * MIB
# S3 takes 10,000 parts.
MOST_PARTS = 9_000
# What drivers call the version of a file, the surest first.
VERSIONS = (
    "ETag", "etag", "mtime", "modified", "modify", "LastModified", "last_modified", "updated",
    "created",
)  # fmt: skip
# Where URLs have passwords and signatures; drivers quote URLs in their errors.
_SECRETS = re.compile(r"(?<=//)[^/@\s]+@|\?\S+")
HOW_TO_REACH = (
    "Check that the bucket or folder exists and that its credentials are set as its driver "
    "expects them and allow to list, read, write, and delete, or pass storage_options."
)


@frozen(eq=False)
class Store:
    """A folder in a store, as it is when it's first looked at; for one call.

    Attributes:
        url: As the user gave it.
        root: Its path as the driver writes it.
        fs: The fsspec file system.
    """

    url: str
    root: str
    fs: Any
    _listings: dict[str, dict[str, dict[str, Any]]] = field(factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        return self.root.rstrip("/").rpartition("/")[2]

    def location(self, name: str) -> str:
        """Return the URL of a file."""
        return str(below(self.url, *name.split("/")))

    def find(self, name: str) -> FoundFile | None:
        found = self._listed(name)
        size = found.get("size")
        if found.get("type") == "directory" or not isinstance(size, int):
            return None
        version = next((found[key] for key in VERSIONS if found.get(key)), "")
        if isinstance(version, datetime):
            # Some drivers list a date as a number, and tell it of a single file as it is.
            version = version.timestamp()
        return FoundFile(name, size, str(version).strip('"'))

    def obstacle(self, name: str, *, is_ours: bool = False) -> str | None:
        parts = name.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if self._listed(above).get("type", "directory") != "directory":
                return shown(self.location(above))
        found = self._listed(name)
        is_free = not found or (is_ours and found.get("type") != "directory")
        return None if is_free else shown(self.location(name))

    def names(self, folder: str) -> Iterable[str]:
        return list(self._listing(f"{folder}/any"))

    def read(self, name: str, most: int) -> bytes | None:
        found = self.find(name)
        if found is None or found.size > most:
            return None
        with self.errors(name):
            return bytes(self.fs.cat_file(self._path(name)))

    def write(self, name: str, content: bytes) -> None:
        with TemporaryDirectory(prefix=f"{RESERVED_NAME}-") as folder:
            path = Path(folder, "content")
            path.write_bytes(content)
            self.put(path, name, replace=True)

    def put(
        self,
        source: Path,
        name: str,
        *,
        replace: bool,
        on_bytes: Callable[[int, int], object] | None = None,
    ) -> None:
        """Bring a file from this machine into the store; it appears whole or not at all.

        Args:
            source: The file.
            name: Its path in the folder.
            replace: Whether a file of this name may be replaced.
            on_bytes: Called with its length and the bytes that were sent by then, if the driver
                tells.

        Raises:
            DownloadError: A file is there that may not be replaced.
            UploadError: The store refuses, can't be reached, or has another number of bytes.
        """
        from fsspec.callbacks import Callback

        hooks = {"bytes": lambda size, value, **_: on_bytes(size, value)} if on_bytes else {}
        path = self._path(name)
        with self.errors(name):
            if not replace and self._info(path) is not None:
                raise in_use(shown(self.location(name)))
            self._put(source, path, Callback(hooks=hooks))
            found = self._info(path) or {}
            size = source.stat().st_size
            if found.get("size") != size:
                with contextlib.suppress(Exception):
                    self.fs.rm_file(path)
                raise UploadError(
                    f"{shown(self.location(name))} has {found.get('size')} bytes in the store, "
                    f"{size:,} were sent. It was removed: try again."
                )
        self._listing(name)[path.rpartition("/")[2]] = found

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self.errors(name):
            self.fs.rm_file(self._path(name))

    @contextmanager
    def errors(self, name: str) -> Iterator[None]:
        """Turn whatever a driver raises into an `UploadError` that names the URL."""
        try:
            yield
        except Up42Error:
            raise
        except Exception as error:  # each driver has classes of its own
            reason = f"{type(error).__name__}: {shown(str(error))}".rstrip(": .")
            raise UploadError(
                f"{shown(self.location(name))} can't be written ({reason}). {HOW_TO_REACH}"
            ) from error

    def _put(self, source: Path, path: str, callback: Any) -> None:
        scheme = scheme_of(self.url)
        if scheme in BUCKETS:
            least = -(-source.stat().st_size // MOST_PARTS // MIB) * MIB
            options = {"chunksize": max(PART_BYTES, least)} if scheme in PARTS else {}
            self.fs.put_file(str(source), path, callback=callback, **options)
            return
        folder = path.rpartition("/")[0]
        draft = f"{folder}/{RESERVED_NAME}-{secrets.token_hex(8)}.part"
        try:
            self.fs.makedirs(folder, exist_ok=True)
            self.fs.put_file(str(source), draft, callback=callback)
            move(self.fs, draft, path)
        except BaseException:
            with contextlib.suppress(Exception):
                self.fs.rm_file(draft)
            raise

    def _path(self, name: str) -> str:
        return "/".join([self.root.rstrip("/"), *map(single_name, name.split("/"))])

    def _info(self, path: str) -> dict[str, Any] | None:
        """Return what the store says of a file now."""
        self.fs.invalidate_cache(path)
        try:
            return dict(self.fs.info(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _listed(self, name: str) -> dict[str, Any]:
        """Return what the store said of a file when its folder was first looked at."""
        return self._listing(name).get(self._path(name).rpartition("/")[2], {})

    def _listing(self, name: str) -> dict[str, dict[str, Any]]:
        # One request for a thousand files, instead of one or two for each of them.
        folder = self._path(name).rpartition("/")[0]
        if folder not in self._listings:
            with self.errors(name):
                # Another process may have changed what was listed before.
                self.fs.invalidate_cache(folder)
                try:
                    found: list[dict[str, Any]] = self.fs.ls(folder, detail=True)
                except (FileNotFoundError, NotADirectoryError):
                    found = []
            listing = {
                info["name"].rstrip("/").rpartition("/")[2]: info
                for info in found
                if info["name"].strip("/") != folder.strip("/")
            }
            # Another thread may have been first, and have added what it has put there.
            self._listings.setdefault(folder, listing)
        return self._listings[folder]


def shown(text: str) -> str:
    """Return a URL, or a text that quotes some, without passwords and signatures."""
    return _SECRETS.sub("", text)


def open_store(url: str, storage_options: Mapping[str, Any] | None = None) -> Store:
    """Open a folder in another store. Nothing is sent yet.

    Args:
        url: Its URL, as fsspec takes it.
        storage_options: For the driver of the store.

    Raises:
        MissingExtraError: fsspec or its backend for the scheme isn't installed.
        InvalidInputError: The URL or the options are not usable.
    """
    scheme = str(scheme_of(url))
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError(f"Writing to {scheme}://", EXTRA) from error
    if "::" in scheme:
        raise InvalidInputError(
            f"output_directory={shown(url)!r}: stores inside others can't be written to. "
            "Expected one scheme, such as 's3://bucket/results'."
        )
    require_driver(scheme, url)
    options = dict(storage_options or {})
    try:
        fs, root = url_to_fs(url, **options)
    except Exception as error:  # each driver has classes of its own
        # The names of the options only: their values may be secrets.
        names = ", ".join(sorted(options)) or "none"
        raise InvalidInputError(
            f"output_directory={shown(url)!r} can't be opened with these "
            f"storage_options ({names}): {type(error).__name__}. See the documentation of the "
            f"driver, {require_driver(scheme, url).__module__.partition('.')[0]}."
        ) from error
    if scheme in BUCKETS and not root.strip("/"):
        raise InvalidInputError(
            f"output_directory={url!r} names no bucket: expected '{scheme}://bucket/folder'."
        )
    return Store(url, root, fs)


def require_driver(scheme: str, url: str) -> Any:
    """Return the class of a store's driver.

    Raises:
        InvalidInputError: No package is known for the scheme.
        MissingExtraError: It is not installed.
    """
    from fsspec.registry import get_filesystem_class, known_implementations

    try:
        return get_filesystem_class(scheme)
    except ValueError as error:
        raise InvalidInputError(
            f"output_directory={shown(url)!r}: the scheme {scheme!r} is not known. "
            "Expected a folder, or a URL that fsspec knows, such as 's3://bucket/results' (with "
            "s3fs installed), 'gs://…' (gcsfs) or 'az://…' (adlfs)."
        ) from error
    except ImportError as error:
        known = known_implementations.get(scheme, {})
        package = str(known.get("class", "")).partition(".")[0]
        how = f"pip install {package}" if package not in ("", "fsspec") else str(error)
        raise MissingExtraError(f"Writing to {scheme}://", remedy=how) from error


def move(fs: Any, source: str, target: str) -> None:
    """Rename a file: `mv` of fsspec itself takes names for patterns."""
    from fsspec.spec import AbstractFileSystem

    if type(fs).mv is not AbstractFileSystem.mv:
        fs.mv(source, target)
        return
    fs.cp_file(source, target)
    fs.rm_file(source)
