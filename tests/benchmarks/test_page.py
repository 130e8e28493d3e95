"""The page and the chart say what results.json says, in form and content."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks import catalogue
from benchmarks.report import chart, page
from benchmarks.report.results import Results, load
from tests.benchmarks.conftest import MACHINE, TOPIC

ROOT = Path(__file__).resolve().parents[2]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def committed() -> Results:
    return load(ROOT / "benchmarks" / "results.json", catalogue.figures())


def texts(svg: str) -> list[str]:
    # Defused by what it is: a file of this repository, or made here.
    return ["".join(found.itertext()) for found in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_committed_page_is_that_of_the_results(committed: Results) -> None:
    expected = page.render(committed, catalogue.TOPICS)
    written = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert written == expected, "run `python benchmarks/run.py --page`"


def test_the_committed_chart_is_that_of_the_results(committed: Results) -> None:
    written = texts((ROOT / "docs" / "pictures" / "benchmarks.svg").read_text(encoding="utf-8"))
    points = [
        point for panel in chart.make_panels(committed, catalogue.TOPICS) for point in panel.points
    ]
    assert points
    for point in points:
        assert point.label in written, "run `python benchmarks/run.py --page`"
    ratios = [text for text in written if re.fullmatch(r"[\d.]+×", text)]
    for point in points:
        assert f"{page.times(point.value.median)}×" in ratios


def test_a_row_says_what_was_measured(fixed_results: Results) -> None:
    text = page.render(fixed_results, [TOPIC])
    assert (
        "| do it (`fast`) | 2.00 s (1.00 to 4.00) | up42-py 4.3.0: 8.00 s (6.00 to 10.00) "
        "| 4.00 × (2.50 to 8.00) | ≥ 2 ×: yes | 2026-01-02, 3 runs |"
    ) in text
    assert "- `fast`: Both do it." in text


def test_losses_and_missed_targets_stand_out(fixed_results: Results) -> None:
    text = page.render(fixed_results, [TOPIC])
    assert "| **0.500 ×** |" in text
    assert "1 of 2 targets are reached." in text
    assert "missed:\n\n- `small`, memory: 11.4 MiB (9.5 to 66.8)" in text
    assert "better:\n\n- `slow`, start: **0.500 ×**" in text
    assert "| ≤ 64 MiB: **no** |" in text


def test_what_was_not_measured_is_named(fixed_results: Results) -> None:
    text = page.render(fixed_results, [TOPIC])
    assert "## Not measured yet\n\n- `later`: something else" in text


def test_what_it_all_takes_is_said_once_all_is_measured(fixed_results: Results) -> None:
    words = "All of it takes 2 minutes and 2.5 GB of disk."
    assert words in page.render(fixed_results, [TOPIC])
    assert words not in page.render(Results(fixed_results.comparisons, {}), [TOPIC])


def test_every_row_has_all_cells(fixed_results: Results) -> None:
    text = page.render(fixed_results, [TOPIC])
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == len(page.HEADINGS) + 1
    assert "a \\| b: 100.0 ms" in text


def test_rows_of_two_machines_are_told_apart(fixed_results: Results) -> None:
    other = {**MACHINE, "Processor": "Other, 8 cores"}
    comparisons = dict(fixed_results.comparisons)
    comparisons["slow"] = evolve(comparisons["slow"], environment=other)
    text = page.render(Results(comparisons, {}), [TOPIC])
    assert "Measured on A:\n\n- Processor: Test" in text
    assert "Measured on B:\n\n- Processor: Other" in text
    assert "2026-01-02 (A), 3 runs |" in text
    assert "2026-01-02 (B), 3 runs |" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.01234, "0.0123"), (0.98, "0.980"), (12.16, "12.2"), (99.96, "100"), (1234.0, "1234")],
)
def test_ratios_have_three_digits(value: float, text: str) -> None:
    assert page.times(value) == text


def test_the_chart_shows_each_ratio_with_losses_in_another_colour(fixed_results: Results) -> None:
    svg = chart.render(fixed_results, [TOPIC])
    root = ET.fromstring(svg)
    colours = {
        unescape("".join(found.itertext())): found.get("style", "")
        for found in root.iter(f"{SVG}text")
    }
    assert "do it – up42-py 4.3.0" in colours
    assert chart.BETTER in colours["4.00×"]
    assert chart.WORSE in colours["0.500×"]
    # Its highest run exceeds the limit, although the median doesn't.
    assert chart.WORSE in colours["5.59×"]


def test_charts_of_equal_results_are_equal(fixed_results: Results) -> None:
    assert chart.render(fixed_results, [TOPIC]) == chart.render(fixed_results, [TOPIC])


def test_the_chart_needs_nothing_from_elsewhere() -> None:
    svg = (ROOT / "docs" / "pictures" / "benchmarks.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    for element in ET.fromstring(svg).iter():
        assert element.tag.removeprefix(SVG) not in {"script", "image", "foreignObject", "a"}
        for name, value in element.attrib.items():
            if name.rpartition("}")[2] in {"href", "src"}:
                assert value.startswith("#"), value
            assert "url(" not in value.replace("url(#", "")
    addresses = set(re.findall(r"https?://[^\s\"'<]+", svg))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in svg


def test_the_chart_has_colours_for_dark_pages(fixed_results: Results) -> None:
    svg = chart.render(fixed_results, [TOPIC])
    rules = svg[svg.index("prefers-color-scheme: dark") : svg.index("</style>")]
    used = set(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", svg.replace(rules, "")))
    assert used <= set(chart.DARK), "a colour has no dark counterpart"
    for light in used:
        assert f'"fill: {light}"' in rules
        assert f'"stroke: {light}"' in rules
