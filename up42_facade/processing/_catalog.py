"""Processes and their EULAs, as the API describes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from up42_facade._common.hints import did_you_mean
from up42_facade._common.logs import get_logger
from up42_facade.errors import NotFoundError, Up42Error
from up42_facade.processing._types import ValidationError
from up42_facade.session import Session

if TYPE_CHECKING:
    from up42_client.models import Process, ProcessPrice, ProcessSummary

logger = get_logger(__name__)
T = TypeVar("T")

NOT_FOUND = "ProcessNotFound"
HOW_TO_ACCEPT = (
    "Accept it in the UP42 console: click the name of your workspace or your user icon, then EULA."
)
# Characters of an ID that an error shows.
SHOWN_ID = 80


@frozen
class Eula:
    """A EULA that an account must accept before it can execute a process.

    No public endpoint for accepting it is known. In the UP42 console, click the name of your
    workspace or your user icon, then EULA.

    Attributes:
        id: Its ID (a UUID).
        title: For people.
        url: Link to the document; None if the server doesn't send one.
        is_accepted: Whether the account has accepted the current document.
    """

    id: str
    title: str | None
    url: str | None
    is_accepted: bool

    def __str__(self) -> str:
        return f"{self.title or self.id}" + (f" ({self.url})" if self.url else "")

    def _repr_html_(self) -> str:
        from up42_facade._common.html import table

        rows = {"Title": self.title, "Document": self.url, "Accepted": self.is_accepted}
        return table(f"EULA {self.id}", rows)


def list_processes(session: Session) -> list[ProcessSummary]:
    """Return the available processes."""
    from up42_client.api.processing import list_processes as operation

    response = session.call(operation.request())
    listed = response if isinstance(response, list) else response.processes or []
    if not all(entry.id for entry in listed):
        logger.warning("The list of processes has entries without an ID: skipped.")
    return [entry for entry in listed if entry.id]


def read_process(process_id: str, session: Session) -> Process:
    """Return a process, which the session caches.

    Raises:
        NotFoundError: If it doesn't exist; the error names the closest ones.
    """
    return session.get_or_create(
        ("process", process_id), lambda: request_process(process_id, session)
    )


def request_process(process_id: str, session: Session) -> Process:
    from up42_client.api.processing import get_process

    try:
        return session.call(get_process.request(process_id))
    except NotFoundError as error:
        shown = repr(process_id if len(process_id) <= SHOWN_ID else f"{process_id[:SHOWN_ID]}…")
        hint = did_you_mean(process_id, known_ids(session))
        error.args = (f"The process {shown} doesn't exist.{hint}",)
        raise


def unless_unknown(jobs: Iterator[T], process_ids: Sequence[str], session: Session) -> Iterator[T]:
    """Yield jobs; if there are none, log which of their processes don't exist.

    It's no error: a process that was removed can have jobs, or none that match another filter.
    """
    first = next(jobs, None)
    if first is not None:
        yield first
        yield from jobs
        return
    known = known_ids(session)
    for process_id in process_ids:
        if known and process_id not in known:
            hint = did_you_mean(process_id, known)
            logger.warning("The process %r doesn't exist.%s", process_id[:SHOWN_ID], hint)


def known_ids(session: Session) -> list[str]:
    """Return the IDs of the available processes, or none if they can't be listed."""
    try:
        return [entry.id for entry in list_processes(session) if entry.id]
    except Up42Error:
        return []


def facts(process: Process | ProcessSummary, name: str) -> list[ProcessPrice | str]:
    """Return the values of one of a process's additional parameters."""
    known = process.additional_parameters
    parameters = (known and known.parameters) or []
    return [value for each in parameters if each.name == name for value in each.value or ()]


def eula_ids(process: Process | ProcessSummary) -> tuple[str, ...]:
    """Return the IDs of the EULAs of a process."""
    return tuple(value for value in facts(process, "eula-id") if isinstance(value, str))


def read_eula(ids: Sequence[str], session: Session) -> Eula | None:
    """Return the first EULA that isn't accepted, or the first if all are; None if there is none.

    The session caches those that are accepted.
    """
    first: Eula | None = None
    for eula_id in ids:
        key = "eula", eula_id
        eula = session.get_or_create(key, partial(request_eula, eula_id, session))
        if not eula.is_accepted:
            session.invalidate(key)
            return eula
        first = first or eula
    return first


def request_eula(eula_id: str, session: Session) -> Eula:
    from up42_client.api.eulas import get_eula

    found = session.call(get_eula.request(eula_id))
    return Eula(eula_id, found.title, found.current_document_url, bool(found.is_accepted))


def process_errors(process_id: str, session: Session) -> set[ValidationError]:
    """Return why a process can't be executed at all: unknown, or its EULA isn't accepted."""
    try:
        process = read_process(process_id, session)
    except NotFoundError as error:
        return {ValidationError(name=NOT_FOUND, message=str(error))}
    eula = read_eula(eula_ids(process), session)
    if eula is None or eula.is_accepted:
        return set()
    message = f"The EULA of the process {process_id} isn't accepted: {eula}. {HOW_TO_ACCEPT}"
    return {ValidationError(name="EulaNotAccepted", message=message)}
