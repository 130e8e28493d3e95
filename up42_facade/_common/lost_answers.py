"""Requests that may have been taken although no answer came: tell them, look for their result."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

from up42_facade.errors import (
    ApiError,
    ConnectionFailedError,
    ServerError,
    UnexpectedResponseError,
    Up42Error,
)

T = TypeVar("T")
REQUEST_TIMEOUT = 408


def is_unclear(error: Exception) -> bool:
    """Tell whether the server may have taken the request that ended in this error."""
    if not isinstance(error, Up42Error):
        # Something that nobody has foreseen, for instance a body that can't be decompressed.
        return True
    if isinstance(error, ConnectionFailedError):
        return error.sent
    if isinstance(error, ServerError | UnexpectedResponseError):
        return True
    return isinstance(error, ApiError) and error.status_code == REQUEST_TIMEOUT


def look_for(
    find: Callable[[], list[T]], pauses: Iterable[float], stop: threading.Event | None = None
) -> list[T]:
    """Look until there is something.

    Args:
        find: Returns what is there by now.
        pauses: Seconds to wait before each look.
        stop: Ends the search when it is set.

    Returns:
        What the first successful look found; empty if there was nothing at the last one.

    Raises:
        Up42Error: The last look failed, or the search was stopped.
    """
    stop = stop or threading.Event()
    failure: Up42Error | None = None
    for pause in pauses:
        if stop.wait(pause):
            raise Up42Error("The search was stopped.")
        try:
            found = find()
        except Up42Error as error:
            failure = error
            continue
        failure = None
        if found:
            return found
    if failure is not None:
        raise failure
    return []
