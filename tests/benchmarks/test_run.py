"""The runner: what is selected, in which order sides run, and what is written."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks import catalogue, run
from benchmarks.measurements.bench import (
    Bench,
    Measurement,
    MeasurementError,
    Sides,
    in_turns,
    sides,
)
from benchmarks.report.environment import WrongSdkError, sdk_facts
from benchmarks.report.figures import SDK
from benchmarks.report.results import load
from tests.benchmarks.conftest import FASTER, MACHINE, SLOWER, TOPIC

ROOT = Path(__file__).resolve().parents[2]


def test_every_figure_and_measurement_has_a_name_of_its_own() -> None:
    topics = [topic.name for topic in catalogue.TOPICS]
    measurements = [each.name for topic in catalogue.TOPICS for each in topic.measurements]
    figures = [figure.name for figure in catalogue.figures()]
    for names in (figures, measurements + topics):
        assert [name for name, count in Counter(names).items() if count > 1] == []
    assert not set(topics) & set(figures)
    for topic in catalogue.TOPICS:
        for measurement in topic.measurements:
            for figure in topic.figures:
                # A name that both have must mean the same work.
                assert figure.name != measurement.name or figure in measurement.figures


def test_selection_by_topic_measurement_and_figure() -> None:
    def selected(*wanted: str) -> list[str]:
        return [measurement.name for measurement in catalogue.select(wanted)]

    assert selected("unpack-disk") == ["unpack"]
    assert selected("start") == ["import", "first-job"]
    assert selected("get", "import") == ["import", "get"]
    assert selected() == [m.name for t in catalogue.TOPICS for m in t.measurements]


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--only", "unpak"]) == 2
    assert "'unpak'" in (error := capsys.readouterr().err)
    assert "Did you mean 'unpack'?" in error


def test_an_interpreter_without_the_sdk_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--only", "import", "--rival-python", sys.executable]) == 2
    error = capsys.readouterr().err
    assert SDK in error
    assert "make .venv-rival/.done" in error


def test_another_version_of_the_sdk_is_refused(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho up42-py 9.9\necho Python 3.11, requests 2\n")
    python.chmod(0o755)
    with pytest.raises(WrongSdkError, match=r"has up42-py 9\.9\. Expected .*up42-py 4\.3\.0"):
        sdk_facts(SDK, str(python))


def test_too_small_a_disk_is_refused(tmp_path: Path) -> None:
    huge = Measurement(name="huge", figures=(FASTER,), run=lambda bench: {}, disk=10**18)
    with pytest.raises(run.DiskError, match="GB are needed"):
        run.check_disk(tmp_path, [huge], quick=False)
    run.check_disk(tmp_path, [huge], quick=True)


def test_sides_take_turns_after_a_run_that_does_not_count() -> None:
    ran: list[str] = []

    def side(name: str) -> Any:
        def once() -> dict[str, Any]:
            ran.append(name)
            return {"seconds": len(ran)}

        return once

    readings = in_turns({"ours": side("ours"), "rival": side("rival")}, 2)
    assert ran == ["ours", "rival"] * 3
    assert sides(readings) == Sides([3, 5], [4, 6])


def test_sides_that_do_different_work_are_refused() -> None:
    candidates = {"ours": lambda: {"digest": 1}, "rival": lambda: {"digest": 2}}
    with pytest.raises(MeasurementError, match="did not read the same"):
        in_turns(candidates, 1, warm_up=False)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the runner write into a folder, and know the figures of these tests only."""
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(run, "CHART", tmp_path / "chart.svg")
    monkeypatch.setattr(catalogue, "TOPICS", (TOPIC,))
    return tmp_path


def fixed(figure: Any, ours: float, rival: float) -> Measurement:
    found = {figure.name: Sides([ours], [rival])}
    return Measurement(name=figure.name, figures=(figure,), run=lambda bench: found)


def test_a_partial_run_updates_its_rows(written: Path) -> None:
    bench = Bench({}, written)
    assert run.measure([fixed(FASTER, 1.0, 4.0), fixed(SLOWER, 2.0, 1.0)], bench, MACHINE) == 0
    assert run.measure([fixed(FASTER, 1.0, 3.0)], bench, MACHINE) == 0
    found = load(written / "results.json", TOPIC.figures).comparisons
    assert found["fast"].rival == (3.0,)
    assert found["slow"].ours == (2.0,)
    assert "3.00 ×" in (written / "page.md").read_text(encoding="utf-8")
    assert "3.00×" in (written / "chart.svg").read_text(encoding="utf-8")


def test_a_missed_target_shows_in_the_exit_code(written: Path) -> None:
    assert run.measure([fixed(FASTER, 1.0, 1.5)], Bench({}, written), MACHINE) == 1


def test_a_trial_writes_nothing(written: Path) -> None:
    bench = Bench({}, written, once=True)
    assert run.measure([fixed(FASTER, 1.0, 1.5)], bench, MACHINE) == 0
    assert list(written.iterdir()) == []


def test_a_measurement_that_fails_does_not_end_the_others(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(bench: Bench) -> Any:
        raise MeasurementError("no rival today")

    broken = Measurement(name="broken", figures=(SLOWER,), run=fail)
    assert run.measure([broken, fixed(FASTER, 1.0, 4.0)], Bench({}, written), MACHINE) == 1
    assert "broken: no rival today" in capsys.readouterr().err
    assert list(load(written / "results.json", TOPIC.figures).comparisons) == ["fast"]


def test_our_side_of_a_measurement_runs(tmp_path: Path) -> None:
    reading = Bench({}, tmp_path, once=True, small=True).ours("importing")
    assert reading["seconds"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_failing_child_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"(?s)jobs\.py ours nothing failed.*KeyError"):
        Bench({}, tmp_path).ours("jobs", "nothing")


@pytest.mark.parametrize("name", ["results.json", "docs/benchmarks.md"])
def test_no_path_of_a_machine_is_written(name: str) -> None:
    path = ROOT / "benchmarks" / name if name.endswith("json") else ROOT / name
    text = path.read_text(encoding="utf-8")
    assert "/home" not in text
    assert "/tmp" not in text
    assert str(ROOT) not in text
