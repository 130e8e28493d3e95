"""End-user license agreements, one for each process that has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from up42_sandbox.core.values import digits_for, make_id, stamp
from up42_sandbox.processing.catalog import Process


@dataclass
class Eula:
    """A EULA, and whether the account has accepted it."""

    id: str
    number: int
    process_id: str
    title: str
    document_id: str
    issued: datetime
    accepted_at: datetime | None

    def document(self, user_id: str) -> dict[str, Any]:
        """Return the JSON form, as accepted by a user."""
        digits = digits_for(self.number)
        return {
            "id": self.id,
            "title": self.title,
            "description": f"Terms for using the results of {self.process_id}.",
            "isAccepted": self.accepted_at is not None,
            "acceptedAt": stamp(self.accepted_at, digits) if self.accepted_at else None,
            "acceptedById": user_id if self.accepted_at else None,
            "currentDocumentId": self.document_id,
            "currentDocumentUrl": f"https://storage.example.com/eulas/{self.document_id}.pdf",
            "currentDocumentFilename": "eula.pdf",
            "currentDocumentCreatedAt": stamp(self.issued, digits),
            "currentDocumentValidFrom": stamp(self.issued, 6),
        }


def make_eulas(seed: int, processes: Iterable[Process], now: datetime) -> dict[str, Eula]:
    """Return the EULAs by process ID.

    Args:
        seed: Determines the IDs.
        processes: All processes.
        now: Time at which those that are accepted were accepted.
    """
    return {
        process.id: Eula(
            id=process.eula_id(seed),
            number=number,
            process_id=process.id,
            title=f"{process.title}: end-user license agreement",
            document_id=make_id(seed, "eula-document", process.id),
            issued=datetime(2023, 5, 2, 8, 0, 0, 123456, tzinfo=now.tzinfo),
            accepted_at=now if process.eula == "accepted" else None,
        )
        for number, process in enumerate(processes)
        if process.eula != "none"
    }
