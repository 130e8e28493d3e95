"""Keep secrets out of everything that is shown: messages, logs, representations."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from urllib.parse import quote, quote_plus

from up42_facade._common.urls import without_query

# Loggers of requests, responses, and headers.
LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
HIDDEN = "…"
# Characters. Shorter secrets would also be found in ordinary words.
SHORTEST_SECRET = 4
# Written forms to remember: enough for 50 accounts with a token each.
MOST_FORMS = 500
# The length of a scheme is bounded: otherwise, a megabyte of letters takes hours.
URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,30}://[^\s'\"<>]+")
# In the headers that httpcore logs, links can be relative.
QUERY = re.compile(r"[?#][^\s'\"]+")
COOKIE = re.compile(r"(\(b'set-cookie', b(['\"])).*?(?<!\\)\2\)", re.IGNORECASE)


class Secret(str):
    """A string that hides itself in representations, for example in local variables."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret('{HIDDEN}')"


class Register:
    """The values that must never be shown."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def add_secrets(self, *values: str) -> None:
        """Remember values, in all forms in which they are sent or quoted."""
        forms = {form for value in values for form in written(value)}
        with self._lock:
            kept = [form for form in self._forms if form not in forms]
            self._forms = (*kept, *sorted(forms, key=len))[-MOST_FORMS:]

    def redact(self, text: str) -> str:
        """Return a message without the secrets."""
        for form in sorted(self._forms, key=len, reverse=True):
            if form in text:
                text = text.replace(form, HIDDEN)
        return text


register = Register()


def without_queries(text: str) -> str:
    """Return a message whose URLs have no query: any parameter can be a signature."""
    return URL.sub(lambda found: cut(found[0]), text)


def cut(url: str) -> str:
    bare = without_query(url)
    return url if bare == url else f"{bare}?{HIDDEN}"


def written(secret: str) -> set[str]:
    """Return the forms of a secret that can occur in requests, responses, and messages."""
    if len(secret) < SHORTEST_SECRET:
        return set()
    return {
        str(secret),
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(str(secret))[1:-1],
        json.dumps(str(secret), ensure_ascii=False)[1:-1],
        repr(str(secret))[1:-1],
    }


def basic(username: str, password: str) -> Secret:
    """Return the value that HTTP's basic authentication sends for a username and password."""
    return Secret(base64.b64encode(f"{username}:{password}".encode()).decode())


class SecretFilter(logging.Filter):
    """Removes secrets and the queries of URLs from log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        shown = register.redact(without_queries(message))
        if record.name.startswith("httpcore."):
            shown = COOKIE.sub(rf"\1{HIDDEN}\2)", QUERY.sub(f"?{HIDDEN}", shown))
        if shown != message:
            record.msg, record.args = shown, ()
        return True


def protect_logs() -> None:
    """Add the filter to the loggers. Called when a client is created, never on import."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, SecretFilter) for known in logger.filters):
            logger.addFilter(SecretFilter())
