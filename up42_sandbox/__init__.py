"""A local UP42: an HTTP server that behaves like the real one, offline and without credits.

Use it from Python, from another program (`python -m up42_sandbox`), or in tests
through the pytest fixture `up42_sandbox`.

Example:
    >>> from up42_sandbox import Sandbox
    >>> with Sandbox() as sandbox:  # doctest: +SKIP
    ...     print(sandbox.url, sandbox.username, sandbox.password)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from up42_sandbox.core.clock import Clock
    from up42_sandbox.core.faults import Fault
    from up42_sandbox.core.recording import RecordedRequest
    from up42_sandbox.sandbox import Sandbox

__all__ = ["Clock", "Fault", "RecordedRequest", "Sandbox"]

_HOMES = {
    "Clock": "up42_sandbox.core.clock",
    "Fault": "up42_sandbox.core.faults",
    "RecordedRequest": "up42_sandbox.core.recording",
    "Sandbox": "up42_sandbox.sandbox",
}


def __getattr__(name: str) -> Any:
    # pytest imports the plugin in every test run, so the server and its dependencies are
    # loaded only when they are needed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        home = import_module(_HOMES[name])
    except ModuleNotFoundError as error:
        from up42_facade.errors import MissingExtraError

        raise MissingExtraError("The sandbox", "sandbox") from error
    return getattr(home, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
