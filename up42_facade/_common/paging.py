"""Read a listing page by page, to its end or to a limit, and prefetch the next page."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import wait
from typing import TypeVar

from up42_facade._common.threads import in_background
from up42_facade.errors import UnexpectedResponseError

Page = TypeVar("Page")
# Consecutive pages without new entries after which a listing counts as endless. A list that
# changes while it's read can have a page twice; a search can have empty pages in the middle.
STALE_PAGES = 20
# Pages of one listing: 17 minutes at the documented rate limit.
LARGEST_LISTING = 100_000
# Seconds in which a thread sends a request if nobody else needs the interpreter. Whoever reads a
# page meanwhile lets it run only after 5 ms, when most pages have been read.
HEAD_START = 0.0003


def read_pages(
    what: str,
    first: Callable[[], Page],
    following: Callable[[Page], tuple[Hashable, Callable[[], Page]] | None],
    keys: Callable[[Page], Sequence[Hashable]],
) -> Iterator[Page]:
    """Yield pages. The next one is fetched while the caller processes the current one.

    Args:
        what: Kind of the entries, for messages.
        first: Fetches the first page, when the first element is requested.
        following: Returns the address of the page after a given one and a function that fetches
            it, or None at the end.
        keys: Returns the identities of a page's entries.

    Raises:
        UnexpectedResponseError: If the pages don't end (an address occurs twice, or too many
            pages have no new entries), or the link to the next page can't be used. The pages
            before it have been yielded.
    """
    addresses: set[Hashable] = set()
    known: set[Hashable] = set()
    stale = 0
    page = first()
    while True:
        try:
            after = following(page)
        except UnexpectedResponseError:
            yield page
            raise
        if after is None:
            break
        address, fetch = after
        if address in addresses or len(addresses) >= LARGEST_LISTING:
            yield page
            raise endless(what, len(addresses) + 1)
        addresses.add(address)
        arrival = in_background(fetch)
        wait([arrival], timeout=HEAD_START)
        yield page
        fresh = set(keys(page)) - known
        known |= fresh
        stale = 0 if fresh else stale + 1
        if stale >= STALE_PAGES:
            raise endless(what, len(addresses))
        page = arrival.result()
    yield page


def endless(what: str, pages: int) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"The list of {what} doesn't end: after {pages} pages the server leads back to a page "
        "that was already read, or to pages without new entries. The list is complete up to there."
        " Try again, and report it to UP42 if it persists.",
        status_code=200,
    )
