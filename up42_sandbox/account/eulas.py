"""End-user license agreements, one for each process that has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from up42_sandbox.core.values import digits_for, make_id, stamp
from up42_sandbox.processing.catalog import Process

ISSUED = datetime(2023, 5, 2, 8, 0, 0, 123456, tzinfo=UTC)


@dataclass
class Eula:
    """The EULA of a process, and whether the account has accepted it."""

    process: Process
    number: int
    seed: int
    accepted_at: datetime | None

    @property
    def id(self) -> str:
        """Its ID."""
        return self.process.eula_id(self.seed)

    def document(self, user_id: str) -> dict[str, Any]:
        """Return the JSON form, as accepted by a user."""
        digits = digits_for(self.number)
        document_id = make_id(self.seed, "eula-document", self.process.id)
        return {
            "id": self.id,
            "title": f"{self.process.title}: end-user license agreement",
            "description": f"Terms for using the results of {self.process.id}.",
            "isAccepted": self.accepted_at is not None,
            "acceptedAt": stamp(self.accepted_at, digits) if self.accepted_at else None,
            "acceptedById": user_id if self.accepted_at else None,
            "currentDocumentId": document_id,
            "currentDocumentUrl": f"https://storage.example.com/eulas/{document_id}.pdf",
            "currentDocumentFilename": "eula.pdf",
            "currentDocumentCreatedAt": stamp(ISSUED, digits),
            "currentDocumentValidFrom": stamp(ISSUED, 6),
        }


def make_eulas(seed: int, processes: Iterable[Process], now: datetime) -> dict[str, Eula]:
    """Return the EULAs by process ID; those that are accepted were accepted just now."""
    return {
        process.id: Eula(process, number, seed, now if process.eula == "accepted" else None)
        for number, process in enumerate(processes)
        if process.eula != "none"
    }
