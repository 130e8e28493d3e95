"""User, account, and projects of the sandbox."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from up42_sandbox.core.identifiers import make_id

CLIENT_IDS = frozenset({"up42-api", "up42-sdk"})
"""Documented client ID, and that of the official SDK."""

_PHRASE = "open-sandbox"
"""Not a secret: it is printed at the start, and gives access to nothing else."""


@dataclass(frozen=True)
class Credentials:
    """Everything that a login needs, and the IDs that it leads to.

    Attributes:
        user_id: Also the ID of the default workspace.
        other_project_id: A second project, which the API key doesn't belong to.
    """

    username: str
    password: str
    user_id: str
    account_id: str
    project_id: str
    project_api_key: str
    other_project_id: str

    @classmethod
    def from_seed(cls, seed: int) -> Credentials:
        """Return the credentials of a seed."""
        return cls(
            username="demo@sandbox.example",
            password=_PHRASE,
            user_id=make_id(seed, "user"),
            account_id=make_id(seed, "account"),
            project_id=make_id(seed, "project"),
            project_api_key="sandbox-key." + make_id(seed, "project-key").replace("-", ""),
            other_project_id=make_id(seed, "other-project"),
        )

    def is_user(self, username: str, password: str) -> bool:
        """Return whether email and password are correct."""
        return _same(username, self.username) and _same(password, self.password)

    def is_project(self, project_id: str, key: str) -> bool:
        """Return whether project ID and API key are correct."""
        return _same(project_id, self.project_id) and _same(key, self.project_api_key)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
