"""Selection of measurements, the order of runs, and the page."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import report, run
from benchmarks.bench import SDK, Bench, Measurement, MeasurementError
from benchmarks.report import Figure, Row, Unit

ROOT = Path(__file__).resolve().parents[2]
MACHINE = {"Processor": "Test, 2 cores"}
FAST = Figure(name="fast", what="do it", rule="Both do it.", against=SDK, at_least=2.0)
SLOW = Figure(name="slow", what="start", rule="Both start.", against="a | b", at_least=1.0)
SMALL = Figure(
    name="small",
    what="memory",
    rule="Alone.",
    unit=Unit.MEBIBYTES,
    key="memory",
    at_most=64 * 2**20,
)


def made(figure: Figure, ours: list[float], rival: list[float]) -> Measurement:
    """A measurement that gives these values."""
    readings = {
        "ours": [{figure.key: value} for value in ours],
        figure.against: [{figure.key: value} for value in rival],
    }
    return Measurement((figure,), lambda bench: readings)


WON = made(FAST, [1.0, 2.0, 4.0], [8.0, 6.0, 10.0])
LOST = made(SLOW, [0.2, 0.2], [0.1, 0.1])
EXCEEDED = made(SMALL, [10e6, 70e6], [])


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the runner writes to; it knows the measurements of these tests only."""
    monkeypatch.setattr(run, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(run, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(run, "CHART", tmp_path / "chart.svg")
    monkeypatch.setattr(run, "MEASUREMENTS", (WON, LOST, EXCEEDED))
    return tmp_path


def test_the_page_shows_medians_spreads_ratios_and_targets(written: Path) -> None:
    assert run.measure([LOST, EXCEEDED], Bench({}, written), MACHINE) == 1
    assert "## Not measured yet\n\n- `fast`: do it" in (written / "page.md").read_text()
    # A later run adds its row, in the order of the page, and keeps the others.
    assert run.measure([WON], Bench({}, written), MACHINE) == 0
    page = (written / "page.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")][2:]
    assert [row.rpartition(" | ")[0] for row in rows] == [
        f"| do it (`fast`) | 2.00 s (1.00 to 4.00) | {SDK}: 8.00 s (6.00 to 10.00) "
        "| 4.00 × (2.50 to 8.00) | ≥ 2 ×: yes",
        "| start (`slow`) | 200.0 ms | a \\| b: 100.0 ms | **0.500 ×** | ≥ 1 ×: **no**",
        "| memory (`small`) | 38.1 MiB (9.5 to 66.8) |  |  | ≤ 64 MiB: **no**",
    ]
    assert "1 of 3 targets are reached." in page
    worse = "Targets that are missed, and rows in which the other side is better:\n\n"
    assert f"{worse}- start: **0.500 ×**\n- memory: 38.1 MiB (9.5 to 66.8)\n\n##" in page
    chart = ElementTree.fromstring((written / "chart.svg").read_text(encoding="utf-8"))
    texts = [each.text for each in chart.iter() if each.tag.endswith("text")]
    assert {"4.00×", "0.500×", f"do it – {SDK}"} <= set(texts)
    assert run.main(["--page"]) == 0
    assert (written / "page.md").read_text(encoding="utf-8") == page


def test_a_trial_writes_nothing(written: Path) -> None:
    assert run.measure([LOST], Bench({}, written, once=True), MACHINE) == 0
    assert list(written.iterdir()) == []


def test_a_measurement_that_fails_does_not_end_the_others(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(bench: Bench) -> Any:
        raise MeasurementError("no SDK today")

    broken = Measurement((SLOW,), fail)
    assert run.measure([broken, WON], Bench({}, written), MACHINE) == 1
    assert "slow: no SDK today" in capsys.readouterr().err
    assert list(report.load(written / "results.json", run.figures())) == ["fast"]


def test_sides_take_turns_after_a_run_that_does_not_count(tmp_path: Path) -> None:
    ran: list[str] = []

    def side(name: str) -> Any:
        return lambda: ran.append(name) or {"digest": 1}

    Bench({}, tmp_path).in_turns({"ours": side("ours"), "other": side("other")}, 2)
    assert ran == ["ours", "other"] * 3
    with pytest.raises(MeasurementError, match="didn't read the same"):
        Bench({}, tmp_path).in_turns({"a": lambda: {"digest": 1}, "b": lambda: {"digest": 2}})


def test_every_figure_and_measurement_has_a_name_of_its_own() -> None:
    for names in ([f.name for f in run.figures()], [m.name for m in run.MEASUREMENTS]):
        assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "unpak"], "No measurement has such a name"),
        (["--only", "import", "--rival-python", sys.executable], f"has no {SDK}"),
        (["--only", "import", "--rival-python", "nothing"], f"nothing has no {SDK}"),
    ],
)
def test_what_can_not_be_measured(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run.main(arguments) == 2
    assert message in capsys.readouterr().err


def test_our_side_runs_and_a_failure_is_reported(tmp_path: Path) -> None:
    bench = Bench({}, tmp_path)
    assert bench.run("ours", "importing")["seconds"] > 0
    with pytest.raises(MeasurementError, match=r"(?s)ours nothing failed.*KeyError"):
        bench.run("ours", "nothing")
    assert list(tmp_path.iterdir()) == []


def test_the_page_is_that_of_the_results() -> None:
    rows = report.load(run.RESULTS, run.figures())
    assert run.PAGE.read_text(encoding="utf-8") == report.page(rows, run.figures())
    assert all(isinstance(row, Row) for row in rows.values())
