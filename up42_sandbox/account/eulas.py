"""End-user licence agreements, one per process that has one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from up42_sandbox.core.identifiers import make_id
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.routing import Call, Route, reply
from up42_sandbox.core.timestamps import digits_for, stamp


@dataclass
class Eula:
    """An agreement and whether the account has accepted it."""

    id: str
    process_id: str
    title: str
    document_id: str
    issued: datetime
    accepted_at: datetime | None

    def document(self, user_id: str, number: int) -> dict[str, Any]:
        """Return the JSON form.

        Args:
            user_id: Who accepted it.
            number: Decides the digits of the time stamps.
        """
        digits = digits_for(number)
        accepted = self.accepted_at is not None
        return {
            "id": self.id,
            "title": self.title,
            "description": f"Terms for using the results of {self.process_id}.",
            "isAccepted": accepted,
            "acceptedAt": stamp(self.accepted_at, digits) if self.accepted_at else None,
            "acceptedById": user_id if accepted else None,
            "currentDocumentId": self.document_id,
            "currentDocumentUrl": f"https://storage.example.com/eulas/{self.document_id}.pdf",
            "currentDocumentFilename": "eula.pdf",
            "currentDocumentCreatedAt": stamp(self.issued, digits),
            "currentDocumentValidFrom": stamp(self.issued, 6),
        }


class EulaRegister:
    """All agreements.

    Args:
        seed: Decides the ids.
        processes: Process id, title and acceptance of every process that has an agreement.
        now: When those that are accepted were accepted.
    """

    def __init__(
        self, seed: int, processes: Iterable[tuple[str, str, bool]], now: datetime
    ) -> None:
        issued = datetime(2023, 5, 2, 8, 0, 0, 123456, tzinfo=now.tzinfo)
        self._eulas: dict[str, Eula] = {}
        self._by_process: dict[str, Eula] = {}
        for process_id, title, accepted in processes:
            eula = Eula(
                id=make_id(seed, "eula", process_id),
                process_id=process_id,
                title=f"{title}: end-user licence agreement",
                document_id=make_id(seed, "eula-document", process_id),
                issued=issued,
                accepted_at=now if accepted else None,
            )
            self._eulas[eula.id] = self._by_process[process_id] = eula

    def of_process(self, process_id: str) -> Eula | None:
        """Return a process's agreement, None if it has none."""
        return self._by_process.get(process_id)

    def is_satisfied(self, process_id: str) -> bool:
        """Tell whether a process may run: its agreement is accepted or it has none."""
        eula = self._by_process.get(process_id)
        return eula is None or eula.accepted_at is not None

    def set_accepted(self, process_id: str, moment: datetime | None) -> None:
        """Accept a process's agreement at a moment, or withdraw that with None.

        Raises:
            KeyError: The process has no agreement.
        """
        self._by_process[process_id].accepted_at = moment

    def all(self) -> list[Eula]:
        """Return all agreements."""
        return list(self._eulas.values())

    def get(self, eula_id: str) -> Eula | None:
        """Return an agreement, None if the id is unknown."""
        return self._eulas.get(eula_id)


def _document(call: Call, eula: Eula) -> dict[str, Any]:
    number = call.world.eulas.all().index(eula)
    return eula.document(call.world.credentials.user_id, number)


def list_eulas(call: Call) -> Response:
    """List the agreements in pages counted from 0."""
    eulas = [_document(call, eula) for eula in call.world.eulas.all()]
    page = {"totalPages": 1, "totalElements": len(eulas), "number": 0, "size": len(eulas)}
    return reply({"content": eulas, **page})


def get_eula(call: Call) -> Response:
    """Return one agreement."""
    eula = call.world.eulas.get(call.params["eula_id"])
    if eula is None:
        raise ApiError(404, f"There is no EULA {call.params['eula_id']}.")
    return reply(_document(call, eula))


ROUTES = (
    Route("GET", "/v2/eulas", list_eulas),
    Route("GET", "/v2/eulas/{eula_id}", get_eula),
)
