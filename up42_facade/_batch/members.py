"""Take templates into the journal of a batch: of one session, each as often as it is meant."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from up42_facade._batch.journal import Journal
from up42_facade._batch.pricing import footprint
from up42_facade._batch.records import Record, fingerprint
from up42_facade._processing.job_templates import JobTemplate
from up42_facade.errors import InvalidInputError
from up42_facade.session import Session, resolve_session

logger = logging.getLogger(__name__)


def common_session(templates: Sequence[JobTemplate], session: Session | None) -> Session:
    """Return the session of all templates.

    Raises:
        InvalidInputError: Something is no template, or there are several sessions.
    """
    for index, template in enumerate(templates):
        if not isinstance(template, JobTemplate):
            raise InvalidInputError(
                f"Entry {index} of the batch is {template!r}: expected a template, for instance "
                "one of processing_templates."
            )
    sessions = {id(template._session): template._session for template in templates}
    if session is not None and len(sessions) == 1 and id(session) not in sessions:
        raise InvalidInputError(
            "The templates belong to another session than the batch: make them with its session, "
            "or leave session= out."
        )
    if len(sessions) > 1:
        raise InvalidInputError(
            f"The templates belong to {len(sessions)} sessions: make one batch for each, as "
            "each account pays for its own jobs."
        )
    return next(iter(sessions.values()), None) or resolve_session(session)


def checked_templates(templates: Any) -> list[JobTemplate]:
    if isinstance(templates, Iterable):
        return list(templates)
    raise InvalidInputError(
        f"templates={templates!r}: expected a list of templates, also where it is only one."
    )


def enter(journal: Journal, records: Sequence[Record], allow_duplicates: bool) -> None:
    """Add the records that the journal doesn't hold yet; give their templates to the others."""
    seen: Counter[str] = Counter()
    new: list[Record] = []
    for made in records:
        repeat = seen[made.fingerprint]
        seen[made.fingerprint] += 1
        if repeat and not allow_duplicates:
            continue
        known = journal.find(made.fingerprint, repeat)
        if known is None:
            made.index, made.repeat = len(journal.records) + len(new), repeat
            new.append(made)
        else:
            known.template = made.template
            known.geometry = known.geometry or made.geometry
    doubled = sum(count > 1 for count in seen.values())
    if doubled and not allow_duplicates:
        logger.warning("%d templates are in the batch more than once: each runs once.", doubled)
    if new:
        journal.add(new)


def record_of(template: JobTemplate) -> Record:
    """Return a record of a template that has no place in a journal yet.

    Raises:
        InvalidInputError: Its inputs can't be written as JSON.
    """
    inputs = template.inputs
    try:
        # What the journal gives back later has to equal what is compared and sent now.
        inputs = json.loads(json.dumps(inputs, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The inputs of {template!r} can't be written as JSON: {error}."
        ) from error
    return Record(
        index=-1,
        fingerprint=fingerprint(template.process_id, template._workspace_id, inputs),
        repeat=0,
        process_id=template.process_id,
        workspace_id=template._workspace_id,
        inputs=inputs,
        geometry=footprint(template),
        template=template,
    )
