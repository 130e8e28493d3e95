"""Take templates into the journal of a batch: of one session, each as often as it is meant."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from up42_facade._common.logs import get_logger
from up42_facade._common.urls import without_query
from up42_facade.batch._journal import Journal
from up42_facade.batch._pricing import footprint
from up42_facade.batch._records import Record, fingerprint
from up42_facade.errors import InvalidInputError, NewTemplatesError, Up42Error
from up42_facade.processing._items import item_urls
from up42_facade.processing._templates import JobTemplate
from up42_facade.session import Session, resolve_session

logger = get_logger(__name__)

# Templates whose titles, and whose costs, an error tells.
NAMED = 3
PRICED = 100
# Templates that are estimated at the same time for it.
WORKERS = 8


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


def enter(
    journal: Journal,
    records: Sequence[Record],
    *,
    allow_duplicates: bool,
    add_new: bool,
    allow_own_results: bool,
) -> None:
    """Add the records that the journal doesn't contain; give their templates to the others.

    Raises:
        NewTemplatesError: If the journal has entries, and adding others wasn't allowed.
    """
    seen: Counter[str] = Counter()
    new: list[Record] = []
    present: list[tuple[Record, Record]] = []
    for made in records:
        duplicate = seen[made.fingerprint]
        seen[made.fingerprint] += 1
        if duplicate and not allow_duplicates:
            continue
        known = journal.find(made.fingerprint, duplicate)
        if known is None:
            made.index, made.duplicate = len(journal.records) + len(new), duplicate
            new.append(made)
        else:
            present.append((known, made))
    if new and journal.records:
        require_allowed(journal, new, add_new=add_new, allow_own_results=allow_own_results)
    for known, made in present:
        known.template = made.template
        known.geometry = known.geometry or made.geometry
    doubled = sum(count > 1 for count in seen.values())
    if doubled and not allow_duplicates:
        logger.warning("%d templates are in the batch more than once: each runs once.", doubled)
    if new:
        journal.add(new)


def require_allowed(
    journal: Journal, new: Sequence[Record], *, add_new: bool, allow_own_results: bool
) -> None:
    """Refuse to add templates to a journal that has entries, unless that was asked for.

    Raises:
        NewTemplatesError: If so. Its message tells how many they are, and what they would cost.
    """
    own = own_results(journal, new)
    if add_new and (allow_own_results or not own):
        return
    flags = [] if add_new else ["add_new=True"]
    named = ""
    if own and not allow_own_results:
        flags.append("allow_own_results=True")
        named = f" {len(own)} of them process results of this batch: {listed(own)}."
    raise NewTemplatesError(
        f"The journal {journal.path} has {len(journal.records)} entries, but doesn't contain "
        f"{len(new)} of the given templates ({priced(new)}): {listed(new)}.{named} "
        "Nothing was added or executed. To continue the batch, use Batch.resume(path); to add "
        f"these templates to it, pass {' and '.join(flags)}.",
        [record.template for record in new],
        [record.template for record in own],
    )


def own_results(journal: Journal, records: Sequence[Record]) -> list[Record]:
    """Return the records whose items are in the result collections of the journal's jobs."""
    collections = {
        last_segment(attempt.job.collection_url)
        for attempt in journal.attempts()
        if attempt.job is not None and attempt.job.collection_url
    }
    return [record for record in records if not collections.isdisjoint(collections_of(record))]


def collections_of(record: Record) -> set[str]:
    """Return the IDs of the collections that the items of a record are in."""
    return {last_segment(url.partition("/items/")[0]) for url in item_urls(record.inputs)}


def last_segment(url: str) -> str:
    return without_query(url).rstrip("/").rpartition("/")[2]


def priced(records: Sequence[Record]) -> str:
    """Return in words what records would cost, as far as that can be told at once."""
    templates = [record.template for record in records[:PRICED] if record.template is not None]
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            costs = list(pool.map(credits_of, templates))
    except Up42Error as error:
        return f"their cost can't be estimated: {error}"
    more = len(records) - len(templates)
    credits = f"{sum(costs)} credits"
    return f"{credits}, and the cost of {more} more" if more else credits


def credits_of(template: JobTemplate) -> int:
    return template.cost.credits if template.is_valid else 0


def listed(records: Sequence[Record]) -> str:
    """Return the titles of some records, and how many more there are."""
    titles = [str(record.inputs.get("title", record.process_id)) for record in records[:NAMED]]
    more = len(records) - len(titles)
    return ", ".join([*map(repr, titles), *([f"and {more} more"] if more else [])])


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
        duplicate=0,
        process_id=template.process_id,
        workspace_id=template._workspace_id,
        inputs=inputs,
        geometry=footprint(template),
        template=template,
    )
