"""Signed URLs like those of Google Cloud Storage, version 2."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from urllib.parse import quote, urlencode

ACCESS_ID = "storage@up42-sandbox.iam.example"


class BadSignatureError(Exception):
    """A signed URL is refused; `code` is the storage service's name for the reason."""

    def __init__(self, code: str, message: str, details: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


class Signer:
    """Creates and checks signatures with a secret key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, path: str, expires: datetime, disposition: str | None = None) -> str:
        """Return the path and query of a signed URL; `disposition` is that of the response."""
        seconds = str(int(expires.timestamp()))
        query = {
            "GoogleAccessId": ACCESS_ID,
            "Expires": seconds,
            "Signature": self._signature(path, seconds, disposition),
        }
        if disposition is not None:
            query["response-content-disposition"] = disposition
        return f"{quote(path)}?{urlencode(query, quote_via=quote)}"

    def check(self, path: str, query: dict[str, str], now: datetime) -> None:
        """Check the path and query of a request.

        Raises:
            BadSignatureError: If the request is refused.
        """
        expires, signature = query.get("Expires", ""), query.get("Signature", "")
        if not expires or not signature:
            details = "Anonymous caller does not have storage.objects.get access."
            raise BadSignatureError("AccessDenied", "Access denied.", details)
        disposition = query.get("response-content-disposition")
        right = self._signature(path, expires, disposition)
        if not hmac.compare_digest(signature.encode(), right.encode()):
            raise BadSignatureError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the one you provided.",
                f"GET {path} {expires}",
            )
        if now.timestamp() >= int(expires):
            raise BadSignatureError(
                "ExpiredToken",
                "The provided token has expired.",
                f"Request signature expired at: {expires}",
            )

    def _signature(self, path: str, expires: str, disposition: str | None) -> str:
        text = f"GET\n\n\n{expires}\n{path}\n{disposition or ''}"
        digest = hmac.digest(self._key, text.encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()
