"""The sandbox's user, account and project."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from up42_sandbox.core.identifiers import make_id

CLIENT_IDS = frozenset({"up42-api", "up42-sdk"})
"""Documented client id, and the official SDK's."""


_PHRASE = "open-sandbox"
"""No secret: it is printed at the start and opens nothing else."""


@dataclass(frozen=True)
class Credentials:
    """What somebody needs to log in, and who they are then.

    Attributes:
        username: The account's e-mail.
        password: The account's password.
        user_id: Also the id of the default workspace.
        account_id: The account that pays.
        project_id: An analytics project.
        project_api_key: The project's key.
        other_project_id: A second project that the key doesn't open.
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
        """Make the credentials that belong to a seed."""
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
        """Tell whether e-mail and password are right."""
        return _same(username, self.username) and _same(password, self.password)

    def is_project(self, project_id: str, key: str) -> bool:
        """Tell whether project id and key are right."""
        return _same(project_id, self.project_id) and _same(key, self.project_api_key)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
