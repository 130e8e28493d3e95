"""The statistics of the benchmarks: median, spread, ratio, and what is reached."""

from __future__ import annotations

import pytest

from benchmarks.report.comparisons import Spread
from benchmarks.report.figures import Figure, Unit
from tests.benchmarks.conftest import FASTER, LIMITED, RIVAL, SLOWER, comparison


def test_spread_is_lowest_median_highest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
    assert Spread.of([4.0, 1.0, 2.0, 3.0]).median == 2.5


@pytest.mark.parametrize(
    ("unit", "values", "text"),
    [
        (Unit.SECONDS, [1.5, 2.25, 3.0], "2.25 s (1.50 to 3.00)"),
        (Unit.SECONDS, [0.0015, 0.002, 1.2], "2.0 ms (1.5 to 1,200.0)"),
        (Unit.MEGABYTES, [5e6, 5e6], "5.0 MB"),
        (Unit.MEBIBYTES, [2**20, 2**21, 2**22], "2.0 MiB (1.0 to 4.0)"),
        (Unit.REQUESTS, [500, 500], "500 requests"),
    ],
)
def test_values_in_words(unit: Unit, values: list[float], text: str) -> None:
    assert Spread.of(values).text(unit) == text


def test_the_ratio_is_that_of_the_medians_and_its_spread_that_of_the_pairs() -> None:
    found = comparison(FASTER, [1.0, 2.0, 4.0], [8.0, 6.0, 10.0])
    # Medians 2 and 8; pairs 8/1, 6/2 and 10/4.
    assert found.ratio == Spread(2.5, 4.0, 8.0)
    assert not found.lost
    assert found.reached is True


@pytest.mark.parametrize(("rival", "reached"), [(2.0, True), (1.99, False)])
def test_a_ratio_counts_from_its_target_on(rival: float, reached: bool) -> None:
    assert comparison(FASTER, [1.0], [rival]).reached is reached


def test_what_is_lost_and_was_not_promised() -> None:
    found = comparison(SLOWER, [0.2], [0.1])
    assert found.lost
    assert found.reached is None


def test_a_limit_counts_for_the_highest_run() -> None:
    limit = 64 * 2**20
    assert comparison(LIMITED, [1.0, limit], []).reached is True
    exceeded = comparison(LIMITED, [1.0, 1.0, limit * 2], [])
    assert exceeded.reached is False
    assert exceeded.margin == Spread(0.5, limit, limit)
    assert exceeded.ratio is None
    assert not exceeded.lost


def test_a_ratio_and_a_limit_must_both_be_kept() -> None:
    both = Figure(name="b", what="b", rule="b", against=RIVAL, at_least=2.0, at_most=10)
    assert both.target == "≥ 2 ×, ≤ 10 s"
    assert comparison(both, [5.0], [10.0]).reached is True
    assert comparison(both, [5.0], [9.0]).reached is False
    assert comparison(both, [11.0], [100.0]).reached is False


@pytest.mark.parametrize(
    ("figure", "ours", "rival"),
    [(FASTER, [1.0, 2.0], [1.0]), (FASTER, [], []), (LIMITED, [1.0], [1.0]), (LIMITED, [], [])],
)
def test_runs_that_do_not_pair_are_refused(
    figure: Figure, ours: list[float], rival: list[float]
) -> None:
    with pytest.raises(ValueError, match=figure.name):
        comparison(figure, ours, rival)
