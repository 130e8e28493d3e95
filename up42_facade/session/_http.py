"""Load httpx without its command line.

`import httpx` loads its command line and with it click, rich, and Pygments if they are installed:
50 of the 140 ms that it takes. Here `httpx.main` loads them when it's called. httpx itself and
everything else that imports it, or `httpx._main`, find what they would find without this.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


def main(*args: Any, **options: Any) -> Any:
    """Run httpx's command line."""
    from httpx._main import main

    return main(*args, **options)


if "httpx" not in sys.modules:
    command_line = ModuleType("httpx._main")
    command_line.main = main  # type: ignore[attr-defined]
    sys.modules[command_line.__name__] = command_line
    try:
        import httpx as httpx
    finally:
        del sys.modules[command_line.__name__]
