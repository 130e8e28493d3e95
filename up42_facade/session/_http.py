"""Load httpx without its command line.

`import httpx` loads its command line and with it click, rich, and Pygments if they are installed:
50 of the 140 ms that it takes. Without that module, httpx behaves as if they weren't installed.
The command `httpx` and `import httpx._main` still work.
"""

from __future__ import annotations

import sys
from typing import Any

if "httpx" not in sys.modules:
    modules: dict[str, Any] = sys.modules
    modules["httpx._main"] = None  # its import fails
    try:
        import httpx as httpx
    finally:
        del modules["httpx._main"]
