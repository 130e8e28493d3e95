"""Files streamed from a signed URL into a Google Cloud Storage bucket."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from up42_facade.errors import (
    ConfigurationError,
    InvalidInputError,
    MissingExtraError,
    UploadError,
)

EXTRA = "gcs"
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
        raise MissingExtraError("upload_results_to_bucket()", EXTRA) from error
    if not isinstance(bucket, package.Bucket):
        if not isinstance(bucket, str) or not bucket:
            raise InvalidInputError(
                f"bucket={bucket!r}: expected the name of a bucket, or a bucket of "
                "google-cloud-storage."
            )
        bucket = _client(package, gs_client).bucket(bucket)
    blob = bucket.blob(name, chunk_size=CHUNK_BYTES)
    url = f"gs://{bucket.name}/{name}"
    # Not opened before the bucket is known: opening begins the transfer.
    with open_file() as file:
        send(blob, file, url)
    return url


def _client(package: Any, gs_client: Any) -> Any:
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


def send(blob: Any, file: BinaryIO, url: str) -> None:
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
