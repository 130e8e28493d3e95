"""Pages that arrive while the caller works on the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Generic, NamedTuple, TypeVar

Page = TypeVar("Page")


def prefetched(
    first: Callable[[], Page],
    following: Callable[[Page], Callable[[], Page] | None],
    executor: Executor,
) -> Iterator[Page]:
    """Yield pages; each next one is fetched as soon as the one before is taken.

    Args:
        first: Fetches the first page, when the first element is asked for.
        following: Returns what fetches the page after a given one, or None at the end.
        executor: Runs the fetches.
    """
    line = Line(following, executor)
    try:
        page = first()
        arrival = line.start_after(page)
        while arrival is not None:
            yield page
            page, arrival = line.take(arrival)
        yield page
    finally:
        line.stop()


class Arrived(NamedTuple, Generic[Page]):
    """A page, and the one after it, if that is already on its way.

    `is_end_known` tells what a missing next page means: that there is none, or that nobody has
    looked yet.
    """

    page: Page
    upcoming: Future[Arrived[Page]] | None
    is_end_known: bool


class Line(Generic[Page]):
    """Fetches pages one after another, never more than one ahead of the caller.

    A caller who waits for a page takes it at once. The thread that has fetched it then asks for
    the next one before it hands the page over: while the caller works, that request is out
    already, rather than waiting for the caller to let another thread run.
    """

    def __init__(
        self, following: Callable[[Page], Callable[[], Page] | None], executor: Executor
    ) -> None:
        self._following = following
        self._executor = executor
        self._task: Future[None] | None = None
        # How many pages the caller has asked for, the first not counted.
        self._asked = 0

    def start_after(self, page: Page) -> Future[Arrived[Page]] | None:
        """Fetch the page after a page in another thread; None if there is none."""
        fetch = self._following(page)
        if fetch is None:
            return None
        arrival: Future[Arrived[Page]] = Future()
        task = self._executor.submit(self._fetch, fetch, arrival, self._asked + 1)
        # A session that is closed cancels tasks that have not begun: nobody may wait for them.
        task.add_done_callback(lambda done: done.cancelled() and arrival.cancel())
        self._task = task
        return arrival

    def take(self, arrival: Future[Arrived[Page]]) -> tuple[Page, Future[Arrived[Page]] | None]:
        """Wait for a page; return it and what the page after it will arrive in."""
        self._asked += 1
        page, upcoming, is_end_known = arrival.result()
        if upcoming is None and not is_end_known:
            upcoming = self.start_after(page)
        return page, upcoming

    def stop(self) -> None:
        """Fetch no more."""
        self._asked = 0
        if self._task is not None:
            self._task.cancel()

    def _fetch(
        self, fetch: Callable[[], Page], arrival: Future[Arrived[Page]], number: int
    ) -> None:
        following: Callable[[], Page] | None = fetch
        while following is not None:
            try:
                page = following()
                is_wanted = number <= self._asked
                following = self._following(page) if is_wanted else None
            except BaseException as error:
                arrival.set_exception(error)
                return
            upcoming: Future[Arrived[Page]] | None = Future() if following else None
            arrival.set_result(Arrived(page, upcoming, is_wanted))
            if upcoming is not None:
                arrival, number = upcoming, number + 1
