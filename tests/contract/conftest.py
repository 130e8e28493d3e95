"""One sandbox for all tests of a worker: they only read, or add to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.world import Api, running_api


@pytest.fixture(scope="session")
def api() -> Iterator[Api]:
    with running_api() as running:
        yield running
