"""The templates of a batch: entered into its journal, validated, and estimated."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from up42_facade._common.logs import get_logger
from up42_facade._common.once import Once
from up42_facade._common.progress import bar
from up42_facade._common.urls import without_query
from up42_facade.batch._entries import UNCERTAIN, BatchEntry, Failures, run_concurrently
from up42_facade.batch._journal import Journal
from up42_facade.errors import InvalidInputError, NewTemplatesError, Up42Error
from up42_facade.processing import (
    Cost,
    JobTemplate,
    ValidationError,
    assess_in_turn,
    is_recent,
    item_urls,
    process_errors,
)
from up42_facade.session import Session

logger = get_logger(__name__)

# Templates whose titles, and whose costs, an error names.
NAMED = 3
ESTIMATED = 100
# Templates that are estimated at the same time. The session keeps to the documented rate of 100
# requests per second, and at usual latencies so many threads reach it.
WORKERS = 16
# Strategy of a total, in addition to those of the API.
TOTAL = "sum"


def checked_templates(templates: Any, session: Session | None) -> list[JobTemplate]:
    """Return the templates as a list, all of one session."""
    if not isinstance(templates, Iterable):
        raise InvalidInputError(
            f"templates={templates!r}: expected a list of templates, even if it is only one."
        )
    given = list(templates)
    for index, template in enumerate(given):
        if not isinstance(template, JobTemplate):
            raise InvalidInputError(
                f"Entry {index} of the batch is {template!r}: expected a template, for example "
                "one of processing_templates."
            )
    sessions = {id(template._session) for template in given}
    if len(sessions) > 1:
        raise InvalidInputError(
            f"The templates belong to {len(sessions)} sessions: create one batch for each, as "
            "each account is charged for its own jobs."
        )
    if session is not None and sessions and id(session) not in sessions:
        raise InvalidInputError(
            "The templates belong to another session than the batch: create them with its "
            "session, or omit session=."
        )
    return given


def new_entry(template: JobTemplate) -> BatchEntry:
    """Return an entry that has no place in a journal yet."""
    inputs, workspace_id = template.inputs, template._workspace_id
    try:
        # What the journal returns later has to equal what is compared and sent now.
        inputs = json.loads(json.dumps(inputs, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The inputs of {template!r} can't be written as JSON: {error}."
        ) from error
    request = json.dumps([template.process_id, workspace_id, inputs], sort_keys=True)
    return BatchEntry(
        index=-1,
        process_id=template.process_id,
        workspace_id=workspace_id,
        inputs=inputs,
        session=template._session,
        fingerprint=hashlib.sha256(request.encode()).hexdigest(),
        template=template,
    )


def enter(
    journal: Journal,
    entries: Sequence[BatchEntry],
    *,
    allow_duplicates: bool,
    add_new: bool,
    allow_own_results: bool,
) -> None:
    """Add the entries that the journal doesn't contain; give their templates to the others."""
    seen: Counter[str] = Counter()
    new: list[BatchEntry] = []
    present: list[tuple[BatchEntry, BatchEntry]] = []
    for entry in entries:
        duplicate = seen[entry.fingerprint]
        seen[entry.fingerprint] += 1
        if duplicate and not allow_duplicates:
            continue
        known = journal.find(entry.fingerprint, duplicate)
        if known is None:
            entry.index, entry.duplicate = len(journal.entries) + len(new), duplicate
            new.append(entry)
        else:
            present.append((known, entry))
    if new and journal.entries:
        require_allowed(journal, new, add_new=add_new, allow_own_results=allow_own_results)
    for known, entry in present:
        known._template = entry._template
    duplicates = sum(count > 1 for count in seen.values())
    if duplicates and not allow_duplicates:
        logger.warning("%d templates are in the batch more than once: each runs once.", duplicates)
    if new:
        journal.add(new)


def require_allowed(
    journal: Journal, new: Sequence[BatchEntry], *, add_new: bool, allow_own_results: bool
) -> None:
    """Refuse to add templates to a journal that has entries, unless that was requested."""
    own = own_results(journal, new)
    if add_new and (allow_own_results or not own):
        return
    flags = [] if add_new else ["add_new=True"]
    named = ""
    if own and not allow_own_results:
        flags.append("allow_own_results=True")
        named = f" {len(own)} of them process results of this batch: {titles_of(own)}."
    raise NewTemplatesError(
        f"The journal {journal.path} has {len(journal.entries)} entries, but doesn't contain "
        f"{len(new)} of the given templates ({cost_of(new)}): {titles_of(new)}.{named} "
        "Nothing was added or executed. To continue the batch, use Batch.resume(path); to add "
        f"these templates to it, pass {' and '.join(flags)}.",
        [entry.template for entry in new],
        [entry.template for entry in own],
    )


def own_results(journal: Journal, entries: Sequence[BatchEntry]) -> list[BatchEntry]:
    """Return the entries whose items are in the result collections of the journal's jobs."""
    collections = {last_segment(job.collection_url) for job in journal.jobs() if job.collection_url}

    def is_own(url: str) -> bool:
        return last_segment(url.partition("/items/")[0]) in collections

    return [entry for entry in entries if any(map(is_own, item_urls(entry._inputs)))]


def last_segment(url: str) -> str:
    return without_query(url).rstrip("/").rpartition("/")[2]


def cost_of(entries: Sequence[BatchEntry]) -> str:
    """Return in words what entries would cost, as far as it can be estimated at once."""

    def credits_of(entry: BatchEntry) -> int:
        return entry.template.cost.credits if entry.template.is_valid else 0

    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            costs = list(pool.map(credits_of, entries[:ESTIMATED]))
    except Up42Error as error:
        return f"their cost can't be estimated: {error}"
    more = len(entries) - len(costs)
    credits = f"{sum(costs)} credits"
    return f"{credits}, and the cost of {more} more" if more else credits


def titles_of(entries: Sequence[BatchEntry]) -> str:
    """Return the titles of some entries, and how many more there are."""
    titles = [repr(str(entry.title or entry.process_id)) for entry in entries[:NAMED]]
    more = len(entries) - len(titles)
    return ", ".join([*titles, *([f"and {more} more"] if more else [])])


def is_estimated(entry: BatchEntry) -> bool:
    """Return whether an entry has been validated, recently enough to spend credits on it."""
    return entry._assessment is not None and is_recent(entry._assessment.at)


def needs_estimate(entry: BatchEntry) -> bool:
    if entry.job is not None:
        return False
    # What might have been executed costs what was estimated then.
    return entry.cost is None or not (is_estimated(entry) or entry.status == UNCERTAIN)


def estimate(journal: Journal, entries: Sequence[BatchEntry], progress: bool) -> Failures:
    """Validate and estimate entries, record the results, and return the failures by index."""
    if not entries:
        return {}
    journal.require_writable()
    processes: dict[str, Once[set[ValidationError]]] = {e.process_id: Once() for e in entries}

    def assess(entry: BatchEntry, stop: threading.Event) -> None:
        if stop.is_set():
            return
        process = processes[entry.process_id].get(
            lambda: process_errors(entry.process_id, journal.session)
        )
        template = entry.template
        assessment = assess_in_turn(template, entry._inputs, process)
        entry._assessment, entry._reason = assessment, None
        # The template itself needn't request the same again.
        template._assessed.get(lambda: assessment)

    try:
        with bar(progress=progress, total=len(entries), unit="template", desc="estimate") as shown:
            return run_concurrently(entries, assess, workers=WORKERS, shown=shown).failures
    finally:
        journal.save_estimates(entries)


def total(entries: Sequence[BatchEntry]) -> Cost:
    """Return the sum of the estimates; it has a size if all are measured in one unit."""
    costs = [entry.cost for entry in entries if entry.cost is not None]
    units = {cost.unit for cost in costs}
    sizes = [cost.size for cost in costs if cost.size is not None]
    has_size = len(units) == 1 and None not in units and len(sizes) == len(costs)
    return Cost(
        strategy=TOTAL,
        credits=sum(cost.credits for cost in costs),
        size=math.fsum(sizes) if has_size else None,
        unit=units.pop() if has_size else None,
    )
