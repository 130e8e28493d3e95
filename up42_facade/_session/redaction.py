"""Keep secrets out of other libraries' log lines."""

from __future__ import annotations

import logging

import httpx

from up42_facade._session.hosts import without_query

# httpx logs every request with its whole URL; these loggers see the signed ones.
LOGGERS = ("httpx", "httpx_retries")
# What the query of a signed URL holds, whatever the storage: Google V2 and V4, S3, Azure.
SIGNATURES = ("signature", "x-goog-signature", "x-amz-signature", "sig")


class SignedUrlFilter(logging.Filter):
    """Cuts the query off signed URLs in log records and lets all others pass unchanged."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(redact(value) for value in record.args)
        return True


def redact(value: object) -> object:
    url = value.url if isinstance(value, httpx.Request) else value
    if isinstance(url, httpx.URL) and is_signed(url):
        return f"{without_query(str(url))}?…"
    return value


def is_signed(url: httpx.URL) -> bool:
    return any(key.lower() in SIGNATURES for key in url.params)


def protect_logs() -> None:
    """Put the filter on the loggers; called when a client is made, never on import."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, SignedUrlFilter) for known in logger.filters):
            logger.addFilter(SignedUrlFilter())
