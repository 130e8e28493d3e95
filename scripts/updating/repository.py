"""Where everything is in the repository."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repository:
    """The files that an update reads and writes.

    Attributes:
        root: The repository's folder.
    """

    root: Path

    @property
    def spec(self) -> Path:
        """The OpenAPI document."""
        return self.root / "openapi" / "up42.yaml"

    @property
    def client(self) -> Path:
        """The generated package."""
        return self.root / "generated" / "up42_client"

    @property
    def patches(self) -> Path:
        """The corrections of the upstream document."""
        return self.root / "openapi" / "patches.yaml"

    @property
    def facade(self) -> Path:
        """The hand-written package."""
        return self.root / "up42_facade"
