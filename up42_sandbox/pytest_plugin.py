"""pytest fixtures: a fresh UP42 for every test.

Installed with the package, and found by pytest automatically. Nothing is loaded or started
until a test uses a fixture.

Example:
    >>> def test_pipeline(up42_sandbox):  # doctest: +SKIP
    ...     session = up42.authenticate(
    ...         base_url=up42_sandbox.url,
    ...         username=up42_sandbox.username,
    ...         password=up42_sandbox.password,
    ...     )
    ...
    >>> @pytest.mark.up42_sandbox(credits=0, speed=60)  # doctest: +SKIP
    ... def test_without_credits(up42_sandbox): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from up42_sandbox.sandbox import Sandbox


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", "up42_sandbox(**arguments): arguments of Sandbox for the fixture up42_sandbox"
    )


@pytest.fixture
def up42_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A running sandbox for one test, with the arguments of the marker `up42_sandbox`."""
    from up42_sandbox import Sandbox

    marker = request.node.get_closest_marker("up42_sandbox")
    with Sandbox(**(marker.kwargs if marker is not None else {})) as sandbox:
        yield sandbox


@pytest.fixture
def up42_sandbox_environment(
    up42_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Environment variables that make a client use the sandbox, set during the test."""
    for name, value in up42_sandbox.environment.items():
        monkeypatch.setenv(name, value)
    return up42_sandbox.environment
