"""Files streamed from a signed URL into a Google Cloud Storage bucket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from up42_facade.errors import (
    ConfigurationError,
    InvalidInputError,
    MissingExtraError,
    UploadError,
)

EXTRA = "gcs"
# Bytes that are sent in one request and held in memory meanwhile; the client's own default of
# 100 MiB would hold most archives whole. It must be a multiple of 256 KiB.
CHUNK_BYTES = 8 << 20
# Seconds to wait for the bucket's next answer: one chunk over a slow line.
TIMEOUT_SECONDS = 120
CONTENT_TYPES = {
    ".tgz": "application/gzip",
    ".tar.gz": "application/gzip",
    ".tar": "application/x-tar",
    ".zip": "application/zip",
}
UNKNOWN_TYPE = "application/octet-stream"


def upload(open_file: Callable[[], BinaryIO], gs_client: Any, bucket: Any, name: str) -> str:
    """Stream a file into a blob; one of this name is replaced when all has arrived.

    Args:
        open_file: Opens the file; its `size` is the length in bytes or None.
        gs_client: A client of google-cloud-storage; None or a text for the default one.
        bucket: A bucket of that package, or the name of one.
        name: Name of the blob.

    Returns:
        The blob's `gs://` URL.

    Raises:
        MissingExtraError: The extra `gcs` isn't installed.
        ConfigurationError: There are no Google credentials for the default client.
        InvalidInputError: `gs_client` or `bucket` is something else.
        UploadError: The bucket doesn't exist, refuses, or can't be reached.
    """
    try:
        import google.cloud.storage as package
    except ImportError as error:
        raise MissingExtraError("upload_results_to_bucket()", EXTRA) from error
    target = as_bucket(package, gs_client, bucket)
    blob = target.blob(name, chunk_size=CHUNK_BYTES)
    url = f"gs://{target.name}/{name}"
    # Not asked for before the bucket is known: opening begins the transfer.
    with open_file() as file:
        send(blob, file, url)
    return url


def as_bucket(package: Any, gs_client: Any, bucket: Any) -> Any:
    """Return the bucket object."""
    if isinstance(bucket, package.Bucket):
        return bucket
    if not isinstance(bucket, str) or not bucket:
        raise InvalidInputError(
            f"bucket={bucket!r}: expected the name of a bucket, or a bucket of "
            "google-cloud-storage."
        )
    return as_client(package, gs_client).bucket(bucket)


def as_client(package: Any, gs_client: Any) -> Any:
    """Return the client; the default one for None or the documented text."""
    if isinstance(gs_client, package.Client):
        return gs_client
    if gs_client is not None and not isinstance(gs_client, str):
        raise InvalidInputError(
            f"gs_client={gs_client!r}: expected a client of google-cloud-storage, or None or a "
            "text for the default one."
        )
    from google.auth.exceptions import GoogleAuthError

    try:
        return package.Client()
    except (GoogleAuthError, OSError) as error:
        raise ConfigurationError(
            f"The default client of google-cloud-storage can't be made: {error} Set "
            "GOOGLE_APPLICATION_CREDENTIALS (and GOOGLE_CLOUD_PROJECT), or pass gs_client."
        ) from error


def send(blob: Any, file: BinaryIO, url: str) -> None:
    """Fill the blob from a file that is read once."""
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError
    from requests import RequestException

    try:
        blob.upload_from_file(
            file,
            size=getattr(file, "size", None),
            content_type=content_type(url),
            timeout=TIMEOUT_SECONDS,
        )
    except (GoogleAPIError, GoogleAuthError, RequestException) as error:
        raise UploadError(
            f"The results could not be uploaded to {url}: {error}. Check that the bucket exists "
            "and that the client may write to it."
        ) from error


def content_type(name: str) -> str:
    endings = (ending for ending in CONTENT_TYPES if name.lower().endswith(ending))
    return CONTENT_TYPES.get(next(endings, ""), UNKNOWN_TYPE)
