"""The stored document, and a copy of the repository to update."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.updating.tree import ROOT, SMALL, Tree

if TYPE_CHECKING:
    from updating.reading import Document

sys.path.insert(0, str(ROOT / "scripts"))


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    from updating.command import load

    return load(str(ROOT / "openapi" / "up42.yaml")).value


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


@pytest.fixture(autouse=True)
def each_client_once(monkeypatch: pytest.MonkeyPatch, clients: Path) -> None:
    """Run the generator once for each document: several tests update to the same ones."""
    from updating import generating

    run = generating.run_generator

    def generate(spec: Path, package: Path) -> None:
        kept = clients / hashlib.sha256(spec.read_bytes()).hexdigest()
        if not kept.exists():
            run(spec, package)
            shutil.copytree(package, kept)
            return
        shutil.copytree(kept, package)

    monkeypatch.setattr(generating, "run_generator", generate)


@pytest.fixture(scope="session")
def valid() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
def each_document_is_validated_once(monkeypatch: pytest.MonkeyPatch, valid: set[str]) -> None:
    """Believe that a document is still valid: each update reads the stored one, too."""
    from updating import checking

    run = checking.validate

    def validate(document: Document) -> None:
        value = json.dumps(document.value)
        if value not in valid:
            run(document)
            valid.add(value)

    monkeypatch.setattr(checking, "validate", validate)


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
