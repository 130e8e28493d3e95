"""results.json: a partial run replaces its own rows, and each row knows where it was measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.report.environment import merged
from benchmarks.report.results import Results, environments, load, save
from tests.benchmarks.conftest import FASTER, LIMITED, MACHINE, RIVAL, SLOWER, TOPIC, comparison


def test_what_is_saved_is_read_again(tmp_path: Path, fixed_results: Results) -> None:
    path = tmp_path / "results.json"
    save(path, fixed_results)
    assert load(path, TOPIC.figures) == fixed_results


def test_values_keep_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    found = comparison(LIMITED, [0.012345678, 123456789.0], [])
    save(path, Results({"small": found}, {"small": 1.6}))
    read = load(path, [LIMITED])
    assert read.comparisons["small"].ours == (0.0123457, 123457000.0)
    assert read.took == {"small": 2}


def test_figures_that_exist_no_more_are_dropped(tmp_path: Path, fixed_results: Results) -> None:
    path = tmp_path / "results.json"
    save(path, fixed_results)
    assert list(load(path, [LIMITED, FASTER]).comparisons) == ["small", "fast"]


def test_without_a_file_there_are_no_results(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json", TOPIC.figures) == Results({}, {})


def test_a_run_replaces_its_own_rows_only(fixed_results: Results) -> None:
    newer = comparison(FASTER, [1.0], [3.0], date="2026-02-03")
    found = fixed_results.updated("fast", 5.0, [newer])
    assert found.comparisons["fast"].date == "2026-02-03"
    assert found.comparisons["slow"] == fixed_results.comparisons["slow"]
    assert found.comparisons["small"] == fixed_results.comparisons["small"]
    assert found.took == {"things": 120.0, "fast": 5.0}


def test_what_adds_to_a_machine_is_one_with_it(fixed_results: Results) -> None:
    more = {**MACHINE, "up42-py 0.37.2": "Python 3.11"}
    found = fixed_results.updated("fast", 5.0, [comparison(FASTER, [1.0], [3.0], environment=more)])
    assert environments(found) == [more]


def test_another_machine_or_version_stands_beside(fixed_results: Results) -> None:
    other = {**MACHINE, "Processor": "Other, 8 cores"}
    found = fixed_results.updated(
        "slow", 5.0, [comparison(SLOWER, [1.0], [3.0], environment=other)]
    )
    assert environments(found) == [MACHINE, other]
    newer = {"Processor": "Test, 2 cores", "up42_facade 1.1": "Python 3.11"}
    assert merged(MACHINE, newer) is None
    assert merged(MACHINE, {"Processor": "Test, 2 cores", "up42_facade 1.0": "Python 3.11"})
    assert merged(MACHINE, {**MACHINE, RIVAL: "Python 3.14"}) is None
