"""Cloud storage: folders through fsspec, and blobs through google-cloud-storage."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from attrs import field, frozen

from up42_facade._common.progress import bar
from up42_facade.downloads._folders import State, in_use, local_errors
from up42_facade.downloads._names import (
    RESERVED_NAME,
    below,
    scheme_of,
    single_name,
)
from up42_facade.errors import (
    ConfigurationError,
    InvalidInputError,
    MissingExtraError,
    Up42Error,
    UploadError,
)

EXTRA = "cloud"
# Stores without folders, where creating one would create a bucket. They show an object once all of
# it has arrived, so that it needs no temporary name.
BUCKETS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2"})
# Stores whose backends take the size of parts, and hold several in memory: 50 MiB each by default.
PARTS = frozenset({"s3", "s3a", "gs", "gcs"})
MIB = 1 << 20
# Bytes of one part, if that is enough for the file.
PART_BYTES = 8 * MIB
# S3 accepts 10,000 parts.
MOST_PARTS = 9_000
# How backends name the version of a file, the most reliable first.
VERSIONS = (
    "ETag", "etag", "mtime", "modified", "modify", "LastModified", "last_modified", "updated",
    "created",
)  # fmt: skip
# Where URLs have passwords and signatures; backends quote URLs in their errors.
_SECRETS = re.compile(r"(?<=//)[^/@\s]+@|\?\S+")
HOW_TO_REACH = (
    "Check that the bucket or folder exists and that its credentials are set as its backend "
    "expects them and allow to list, read, write, and delete, or pass storage_options."
)
GCS_EXTRA = "gcs"
# Bytes that are sent in one request and held in memory; the client's own default of
# 100 MiB would hold most archives completely. It must be a multiple of 256 KiB.
CHUNK_BYTES = 8 << 20
# Seconds to wait for the bucket's next response: one chunk over a slow line.
TIMEOUT_SECONDS = 120
CONTENT_TYPES = {
    ".tgz": "application/gzip",
    ".gz": "application/gzip",
    ".tar": "application/x-tar",
    ".zip": "application/zip",
}
UNKNOWN_TYPE = "application/octet-stream"


@frozen(eq=False)
class Store:
    """A folder in cloud storage, as of its first listing; for one call. Works like `Folder`."""

    url: str  # as the user wrote it
    root: str  # as the backend writes it
    fs: Any
    _listings: dict[str, dict[str, dict[str, Any]]] = field(factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """The last part of the folder's path."""
        return self.root.rstrip("/").rpartition("/")[2]

    def location(self, name: str) -> str:
        """Return the URL of a file."""
        return str(below(self.url, *name.split("/")))

    def find(self, name: str) -> State | None:
        """Return the state of a file; None if there is none."""
        found = self._listed(name)
        size = found.get("size")
        if found.get("type") == "directory" or not isinstance(size, int):
            return None
        version = next((found[key] for key in VERSIONS if found.get(key)), "")
        if isinstance(version, datetime):
            # Some backends list a date as a number, and return it for a single file as it is.
            version = version.timestamp()
        return size, str(version).strip('"')

    def obstacle(self, name: str, *, is_ours: bool = False) -> str | None:
        """Return the URL of another file, or of one in place of a folder, that blocks a file."""
        parts = name.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if self._listed(above).get("type", "directory") != "directory":
                return without_secrets(self.location(above))
        found = self._listed(name)
        is_free = not found or (is_ours and found.get("type") != "directory")
        return None if is_free else without_secrets(self.location(name))

    def names(self, folder: str) -> Iterable[str]:
        """Return the names in a subfolder."""
        return list(self._listing(f"{folder}/any"))

    def read(self, name: str, max_bytes: int) -> bytes | None:
        """Return the content of a small file; None if it doesn't exist or has more bytes."""
        found = self.find(name)
        if found is None or found[0] > max_bytes:
            return None
        with self.errors(name):
            return bytes(self.fs.cat_file(self._path(name)))

    def write(self, name: str, content: bytes) -> None:
        """Write a small file atomically."""
        with temporary_folder() as folder:
            path = folder / "content"
            path.write_bytes(content)
            self.put(path, name, replace=True)

    def put(self, source: Path, name: str, *, replace: bool, progress: bool = False) -> None:
        """Upload a file from this machine atomically. Some backends report progress.

        Raises:
            DownloadError: If a file that may not be replaced has this name.
            UploadError: If the store refuses, can't be reached, or has another number of bytes.
        """
        from fsspec.callbacks import Callback

        path = self._path(name)
        size = source.stat().st_size
        with (
            self.errors(name),
            bar(progress=progress, total=size, unit="B", unit_scale=True, desc=name) as shown,
        ):
            if not replace and self._info(path) is not None:
                raise in_use(without_secrets(self.location(name)))
            hooks = {"bytes": lambda _, value, **__: shown.update(value - shown.n)}
            self._send(source, path, Callback(hooks=hooks))
            found = self._info(path) or {}
            if found.get("size") != size:
                with contextlib.suppress(Exception):
                    self.fs.rm_file(path)
                raise UploadError(
                    f"{without_secrets(self.location(name))} has {found.get('size')} bytes in the "
                    f"store, {size:,} were sent. It was removed: try again."
                )
        self._listing(name)[path.rpartition("/")[2]] = found

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self.errors(name):
            self.fs.rm_file(self._path(name))

    @contextmanager
    def errors(self, name: str) -> Iterator[None]:
        """Turn any error of a backend into an `UploadError` that names the URL."""
        try:
            yield
        except Up42Error:
            raise
        except Exception as error:  # each backend has classes of its own
            reason = f"{type(error).__name__}: {without_secrets(str(error))}".rstrip(": .")
            shown = without_secrets(self.location(name))
            raise UploadError(f"{shown} can't be written ({reason}). {HOW_TO_REACH}") from error

    def _send(self, source: Path, path: str, callback: Any) -> None:
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
        """Return the present information of the store about a file."""
        self.fs.invalidate_cache(path)
        try:
            return dict(self.fs.info(path))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _listed(self, name: str) -> dict[str, Any]:
        """Return the information about a file as of the first listing of its folder."""
        return self._listing(name).get(self._path(name).rpartition("/")[2], {})

    def _listing(self, name: str) -> dict[str, dict[str, Any]]:
        # One request for a thousand files, instead of one or two for each of them.
        folder = self._path(name).rpartition("/")[0]
        if folder not in self._listings:
            with self.errors(name):
                # Another program may have changed what was listed before.
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
            # Another thread may have been first, and have added the files that it uploaded.
            self._listings.setdefault(folder, listing)
        return self._listings[folder]


def without_secrets(text: str) -> str:
    """Return a string without the passwords and signatures in its URLs."""
    return _SECRETS.sub("", text)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a folder for files on their way into a store."""
    with (
        local_errors("The folder for temporary files"),
        TemporaryDirectory(prefix=f"{RESERVED_NAME}-", ignore_cleanup_errors=True) as folder,
    ):
        yield Path(folder)


def open_store(url: str, options: dict[str, Any]) -> Store:
    """Open the folder of a URL, with the options of its fsspec backend. No request is sent yet."""
    scheme = str(scheme_of(url))
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingExtraError(f"Writing to {scheme}://", EXTRA) from error
    if "::" in scheme:
        raise InvalidInputError(
            f"output_directory={without_secrets(url)!r}: stores inside others can't be written to. "
            "Expected one scheme, such as 's3://bucket/results'."
        )
    backend = _backend(scheme, url)
    try:
        fs, root = url_to_fs(url, **options)
    except Exception as error:  # each backend has classes of its own
        # The names of the options only: their values may be secrets.
        names = ", ".join(sorted(map(str, options))) or "none"
        raise InvalidInputError(
            f"output_directory={without_secrets(url)!r} can't be opened with these "
            f"storage_options ({names}): {type(error).__name__}. See the documentation of the "
            f"backend, {backend.__module__.partition('.')[0]}."
        ) from error
    if scheme in BUCKETS and not root.strip("/"):
        raise InvalidInputError(
            f"output_directory={url!r} names no bucket: expected '{scheme}://bucket/folder'."
        )
    return Store(url, root, fs)


def _backend(scheme: str, url: str) -> Any:
    """Return the class of a store's backend."""
    from fsspec.registry import get_filesystem_class, known_implementations

    try:
        return get_filesystem_class(scheme)
    except ValueError as error:
        raise InvalidInputError(
            f"output_directory={without_secrets(url)!r}: the scheme {scheme!r} is not known. "
            "Expected a folder, or a URL that fsspec knows, such as 's3://bucket/results' (with "
            "s3fs installed), 'gs://…' (gcsfs), or 'az://…' (adlfs)."
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


def upload_to_bucket(
    open_file: Callable[[], BinaryIO], gs_client: Any, bucket: Any, name: str
) -> str:
    """Stream a file into a blob; an existing blob is replaced when all has arrived.

    Args:
        open_file: Opens the file; its `size` is the length in bytes or None.
        gs_client: A client of google-cloud-storage. If None or a string, the default one.
        bucket: A bucket of that package, or the name of one.
        name: Name of the blob.

    Returns:
        The blob's `gs://` URL.

    Raises:
        MissingExtraError: If the extra `gcs` isn't installed.
        ConfigurationError: If there are no Google credentials for the default client.
        InvalidInputError: If `gs_client` or `bucket` has another type.
        UploadError: If the bucket doesn't exist, refuses, or can't be reached.
    """
    try:
        import google.cloud.storage as package
    except ImportError as error:
        raise MissingExtraError("upload_results_to_bucket()", GCS_EXTRA) from error
    if not isinstance(bucket, package.Bucket):
        if not isinstance(bucket, str) or not bucket:
            raise InvalidInputError(
                f"bucket={bucket!r}: expected the name of a bucket, or a bucket of "
                "google-cloud-storage."
            )
        bucket = google_client(package, gs_client).bucket(bucket)
    blob = bucket.blob(name, chunk_size=CHUNK_BYTES)
    url = f"gs://{bucket.name}/{name}"
    # Not opened before the bucket is known: opening begins the transfer.
    with open_file() as file:
        send_blob(blob, file, url)
    return url


def google_client(package: Any, gs_client: Any) -> Any:
    if isinstance(gs_client, package.Client):
        return gs_client
    if gs_client is not None and not isinstance(gs_client, str):
        raise InvalidInputError(
            f"gs_client={gs_client!r}: expected a client of google-cloud-storage, or None or a "
            "string for the default one."
        )
    from google.auth.exceptions import GoogleAuthError

    try:
        return package.Client()
    except (GoogleAuthError, OSError) as error:
        raise ConfigurationError(
            f"The default client of google-cloud-storage can't be created: {error} Set "
            "GOOGLE_APPLICATION_CREDENTIALS (and GOOGLE_CLOUD_PROJECT), or pass gs_client."
        ) from error


def send_blob(blob: Any, file: BinaryIO, url: str) -> None:
    """Fill the blob from a file that is read once."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from requests import RequestException

    try:
        blob.upload_from_file(
            file,
            size=getattr(file, "size", None),
            content_type=CONTENT_TYPES.get(PurePosixPath(url).suffix.lower(), UNKNOWN_TYPE),
            timeout=TIMEOUT_SECONDS,
        )
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        reason = str(error).rstrip(".")
        raise UploadError(
            f"The results could not be uploaded to {url}: {reason}. Check that the bucket exists "
            "and that the client may write to it."
        ) from error
