"""Stores other than the disk, through fsspec: what lies there, and files that appear whole."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import frozen

from up42_facade._downloads.locations import below, scheme_of, single_name
from up42_facade.errors import (
    InvalidInputError,
    MissingDriverError,
    MissingExtraError,
    Up42Error,
    UploadError,
)

EXTRA = "cloud"
# Stores whose drivers show a file when it is closed and not before, and can give it up until
# then: what arrives there needs no temporary name.
WHOLE_AT_CLOSE = frozenset({"s3", "s3a", "gs", "gcs"})
# Stores without folders, where making one would make a bucket.
BUCKETS = WHOLE_AT_CLOSE | {"az", "abfs", "abfss", "adl", "oci", "oss", "r2"}
MIB = 1 << 20
# Bytes that are sent in one request and held in memory meanwhile, if that is enough for the file.
BLOCK_BYTES = 8 * MIB
# The same where nobody knows how long the file is.
UNKNOWN_BLOCK_BYTES = 32 * MIB
# S3 takes 10,000 parts; the last ones stay free, as parts may come out shorter than a block.
MOST_BLOCKS = 9_000
# Where URLs have passwords and signatures; drivers quote URLs in their errors.
_SECRETS = re.compile(r"(?<=//)[^/@\s]+@|\?\S+")
HOW_TO_REACH = (
    "Check that the bucket or folder exists and that its credentials are set as its driver "
    "expects them, or pass storage_options."
)


@frozen(eq=False)
class Store:
    """A folder in a store.

    Attributes:
        url: As the user gave it.
        root: Its path as the driver writes it.
        fs: The fsspec file system.
        options: What it was made with.
    """

    url: str
    root: str
    fs: Any
    options: Mapping[str, Any]

    @property
    def scheme(self) -> str:
        return str(scheme_of(self.url))

    def url_of(self, parts: tuple[str, ...]) -> str:
        """Return the URL of a file in the folder."""
        return str(below(self.url, *parts))

    def path_of(self, parts: tuple[str, ...]) -> str:
        """Return the path of a file in the folder, as the driver writes it."""
        return "/".join([self.root.rstrip("/"), *map(single_name, parts)])

    def size(self, parts: tuple[str, ...]) -> int | None:
        """Return the size of a file in bytes; None if there is none, or it can't be told."""
        path = self.path_of(parts)
        with self.errors(parts):
            try:
                # Another process may have changed what was listed before.
                self.fs.invalidate_cache(path)
                found = self.fs.info(path)
            except (FileNotFoundError, NotADirectoryError):
                return None
            except PermissionError:
                # Some may write and not look; S3 says so too of what isn't there.
                return None
        size = found.get("size")
        return size if found.get("type") != "directory" and isinstance(size, int) else None

    def remove(self, parts: tuple[str, ...]) -> None:
        """Remove a file."""
        with self.errors(parts):
            self.fs.rm_file(self.path_of(parts))

    def draft(self, parts: tuple[str, ...], size: int | None) -> Draft:
        """Begin a file that is seen by nobody until it is published.

        Args:
            parts: Its path in the folder.
            size: Its length in bytes, if known.
        """
        return (ClosedDraft if self.scheme in WHOLE_AT_CLOSE else MovedDraft)(self, parts, size)

    @contextmanager
    def errors(self, parts: tuple[str, ...]) -> Iterator[None]:
        """Turn whatever a driver raises into an `UploadError` that names the URL."""
        try:
            yield
        except Up42Error:
            raise
        except Exception as error:  # each driver has classes of its own
            reason = f"{type(error).__name__}: {shown(str(error))}".rstrip(": .")
            raise UploadError(
                f"{shown(self.url_of(parts))} can't be written ({reason}). {HOW_TO_REACH}"
            ) from error


class Draft:
    """A file on its way into a store. Leaving the context without `publish` leaves nothing."""

    def __init__(self, store: Store, parts: tuple[str, ...], size: int | None) -> None:
        self._store = store
        self._parts = parts
        self._is_published = False
        self._file: Any = None
        with store.errors(parts):
            self._file = self._open(size)

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_published:
            # What went wrong before matters more than what the store says to this.
            with contextlib.suppress(Exception):
                self._discard()

    def write(self, block: bytes) -> None:
        """Send the next bytes.

        Raises:
            UploadError: The store refuses or can't be reached.
        """
        with self._store.errors(self._parts):
            self._file.write(block)

    def publish(self, size: int) -> None:
        """Give the file its name; one that has it is replaced.

        Args:
            size: What was written, in bytes.

        Raises:
            UploadError: The store refuses, or has another number of bytes.
        """
        with self._store.errors(self._parts):
            self._publish(size)
        self._is_published = True

    def _open(self, size: int | None) -> Any:
        raise NotImplementedError

    def _publish(self, size: int) -> None:
        raise NotImplementedError

    def _discard(self) -> None:
        raise NotImplementedError

    def _check(self, found: int | None, size: int) -> None:
        if found is not None and found != size:
            raise UploadError(
                f"{shown(self._store.url_of(self._parts))} has {found:,} bytes in the "
                f"store, {size:,} were sent. It was removed: try again."
            )


class ClosedDraft(Draft):
    """A file of which the store shows nothing before it is closed."""

    def _open(self, size: int | None) -> Any:
        path = self._store.path_of(self._parts)
        if "default_block_size" in self._store.options:
            return self._store.fs.open(path, "wb", autocommit=True)
        return self._store.fs.open(path, "wb", autocommit=True, block_size=block_size(size))

    def _publish(self, size: int) -> None:
        self._file.close()
        try:
            self._check(self._store.size(self._parts), size)
        except UploadError:
            self._store.remove(self._parts)
            raise

    def _discard(self) -> None:
        give_up(self._file)


class MovedDraft(Draft):
    """A file that is written under another name beside its own."""

    def _open(self, size: int | None) -> Any:
        fs, path = self._store.fs, self._store.path_of(self._parts)
        folder = path.rpartition("/")[0]
        self._path = f"{folder}/.up42-{secrets.token_hex(8)}.part"
        self._made = [] if self._store.scheme in BUCKETS else make_folders(fs, folder)
        try:
            return fs.open(self._path, "wb")
        except BaseException:
            remove_folders(fs, self._made)
            raise

    def _publish(self, size: int) -> None:
        fs, path = self._store.fs, self._store.path_of(self._parts)
        self._file.close()
        self._check(fs.info(self._path).get("size"), size)
        move(fs, self._path, path)
        fs.invalidate_cache(path)

    def _discard(self) -> None:
        fs = self._store.fs
        with contextlib.suppress(Exception):  # the file may not have come into being
            give_up(self._file)
        with contextlib.suppress(Exception):
            fs.rm_file(self._path)
        remove_folders(fs, self._made)


def shown(text: str) -> str:
    """Return a URL, or a text that quotes some, without passwords and signatures."""
    return _SECRETS.sub("", text)


def open_store(url: str, storage_options: Mapping[str, Any] | None = None) -> Store:
    """Open a folder in another store. Nothing is sent yet.

    Args:
        url: Its URL, as fsspec takes it.
        storage_options: For the driver of the store.

    Raises:
        MissingExtraError: fsspec isn't installed. MissingDriverError: The driver isn't.
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
    return Store(url, root, fs, options)


def require_driver(scheme: str, url: str) -> Any:
    """Return the class of a store's driver.

    Raises:
        InvalidInputError: No package is known for the scheme.
        MissingDriverError: It is not installed.
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
        raise MissingDriverError(scheme, f"its driver isn't installed. {how}") from error


def block_size(size: int | None) -> int:
    """Return how many bytes to send at once, for a file of this size."""
    if size is None:
        return UNKNOWN_BLOCK_BYTES
    least = -(-size // MOST_BLOCKS)
    return max(BLOCK_BYTES, -(-least // MIB) * MIB)


def give_up(file: Any) -> None:
    """Close an fsspec file without keeping what was written to it."""
    from fsspec.spec import AbstractBufferedFile

    if not isinstance(file, AbstractBufferedFile):
        file.close()
        return
    try:
        file.discard()
    finally:
        # Its end would send the rest otherwise, and so publish a part.
        file.closed = True


def move(fs: Any, source: str, target: str) -> None:
    """Rename a file: `mv` of fsspec itself takes names for patterns."""
    from fsspec.spec import AbstractFileSystem

    if hasattr(fs, "mv_file"):
        fs.mv_file(source, target)
    elif type(fs).mv is not AbstractFileSystem.mv:
        fs.mv(source, target)
    else:
        fs.cp_file(source, target)
        fs.rm_file(source)


def make_folders(fs: Any, folder: str) -> list[str]:
    """Make a folder and those above it; return which were missing, the outer ones first."""
    missing: list[str] = []
    while folder.strip("/") and not fs.exists(folder):
        missing.insert(0, folder)
        folder = folder.rpartition("/")[0]
    if missing:
        fs.makedirs(missing[-1], exist_ok=True)
    return missing


def remove_folders(fs: Any, folders: list[str]) -> None:
    """Remove folders that were made for nothing, unless something lies in them by now."""
    for folder in reversed(folders):
        try:
            fs.rmdir(folder)
        except Exception:  # each driver says in its own way that it isn't empty
            return
