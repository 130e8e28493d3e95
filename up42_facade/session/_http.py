"""Load httpx without its command line.

`import httpx` loads its command line and with it click, rich, and Pygments if they are installed:
50 of the 140 ms that it takes. Here it's loaded when somebody asks for it: httpx itself and
everything else that imports it, or `httpx._main`, find what they would find without this.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


def main(*args: Any, **options: Any) -> Any:
    """Run httpx's command line, for who asks for it while httpx is being loaded."""
    return importlib.import_module("httpx._main").main(*args, **options)


def load_command_line(name: str) -> Any:
    """Return an attribute of httpx that comes with its command line."""
    if name not in ("main", "_main"):
        raise AttributeError(f"module 'httpx' has no attribute {name!r}", name=name, obj=httpx)
    # As httpx itself does it, with its name instead of the private module's.
    httpx.main = importlib.import_module("httpx._main").main
    httpx.main.__module__ = "httpx"
    return getattr(httpx, name)


if "httpx" not in sys.modules:
    command_line = ModuleType("httpx._main")
    command_line.main = main  # type: ignore[attr-defined]
    sys.modules[command_line.__name__] = command_line
    try:
        import httpx as httpx
    finally:
        del sys.modules[command_line.__name__]
    if httpx.main is main:
        httpx.__getattr__ = load_command_line  # type: ignore[method-assign]
        del httpx.main
