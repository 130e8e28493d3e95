"""The stored document, and a copy of the repository to update."""

from __future__ import annotations

import functools
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.updating.tree import ROOT, SMALL, Tree

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    from updating.command import load

    return load(str(ROOT / "openapi" / "up42.yaml")).value


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree.copied(tmp_path / "tree", SMALL)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()
        thread.join()
