"""Tables for notebooks: what they show, that they ask for nothing, and that any theme fits."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pystac
import pytest
from attrs import define, field

import up42_facade as up42
from tests.hostile import STRINGS
from tests.viz.conftest import unavailable
from up42_client import models
from up42_facade import processing_templates as templates
from up42_facade._common import html  # any value in a table; results hold only some
from up42_facade.analytics import STATUSES, JobTask
from up42_facade.analytics import Job as AnalyticsJob
from up42_facade.errors import CONTROLS, escape_for_terminal
from up42_facade.processing import Price
from up42_sandbox import Sandbox

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import map_browser

HOSTILE = "</td></table><script>hacked()</script><img src=x onerror='hacked()'>\" & $x$"
TAGS = {"div", "strong", "table", "thead", "tbody", "tr", "th", "td", "span", "br"}
ATTRIBUTES = {"style", "class", "align", "colspan", "aria-label", "aria-hidden"}
BERLIN = dt.timezone(dt.timedelta(hours=2))
# White, and the dark grounds of JupyterLab, VS Code, GitHub and Furo.
GROUNDS = ("#ffffff", "#111111", "#1e1e1e", "#0d1117", "#131416")


@define
class Page(HTMLParser):
    """What an HTML text holds."""

    cells: list[str] = field(factory=list)
    opened: list[str] = field(factory=list)
    tags: set[str] = field(factory=set)
    attributes: set[str] = field(factory=set)
    styles: list[tuple[str, str]] = field(factory=list)
    text: str = ""

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.styles += [(tag, value or "") for name, value in attrs if name == "style"]
        if tag == "br":
            self.handle_data("\n")
            return
        self.opened.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & set(self.opened):
            self.cells[-1] += data


def parsed(text: str) -> Page:
    """Read a table, which must be well-formed and plain."""
    page = Page()
    page.feed(text)
    page.close()
    assert page.opened == []
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    return page


MakeShown = Callable[[up42.Session, str], Any]


def a_job(session: up42.Session, text: str) -> up42.Job:
    error = up42.ValidationError(message=text, name=text)
    return up42.Job(
        process_id=text,
        id=text,
        account_id=text,
        workspace_id=text,
        definition={"inputs": {"title": text}},
        status=up42.JobStatus(text),
        created=dt.datetime(2024, 6, 1, 12, tzinfo=dt.UTC),
        updated=None,
        collection_url=text,
        errors=[error],
        session=session,
    )


def a_template(session: up42.Session, text: str) -> up42.processing_templates.JobTemplate:
    url = f"{session.hosts.api}/v2/assets/stac/collections/c/items/{text}"
    return templates.Pansharpening(title=text, item=url, session=session)


def a_process_template(session: up42.Session, text: str) -> up42.processing_templates.JobTemplate:
    process = up42.Process(id=text, inputs={text: {}}, session=session)
    return process.template(**{text: [text, {text: text}]})


def a_process(session: up42.Session, text: str) -> up42.Process:
    return up42.Process(
        id=text,
        title=text,
        description=text,
        inputs={text: {"description": text}, "title": {"title": text}, "item": {}},
        prices=(Price(4, text),),
        session=session,
    )


def a_cost(session: up42.Session, text: str) -> up42.Cost:
    return up42.Cost(text, 3, 0.5, text)


def an_asset(session: up42.Session, text: str) -> up42.Asset:
    found = pystac.Item(text, None, None, dt.datetime(2024, 6, 1), {"title": text})
    found.add_asset(text, pystac.Asset("x"))
    session.get_or_create(("stac_items", text), lambda: [found])
    return up42.initialize_asset(text, session=session)


def an_unknown_asset(session: up42.Session, text: str) -> up42.Asset:
    return up42.initialize_asset(text, session=session)


def an_analytics_job(session: up42.Session, text: str) -> AnalyticsJob:
    known = dict.fromkeys(("name", "status", "workflowName", "mode", "startedAt"), text)
    return AnalyticsJob(text, text, session, known=models.Job.from_dict(known))


def a_jobtask(session: up42.Session, text: str) -> JobTask:
    known = dict.fromkeys(("name", "status", "startedAt", "finishedAt", "blockVersion"), text)
    task = models.JobTask.from_dict({**known, "block": {"name": text, "version": text}})
    return JobTask(text, text, session, known=task, jobtask_id=text)


def a_batch(session: up42.Session, text: str) -> up42.Batch:
    return up42.Batch([a_template(session, text)], session=session)


def an_entry(session: up42.Session, text: str) -> up42.BatchEntry:
    return a_batch(session, text)[0]


SHOWN: list[MakeShown] = [
    a_job,
    a_template,
    a_process_template,
    a_process,
    a_cost,
    an_asset,
    an_unknown_asset,
    an_analytics_job,
    a_jobtask,
    a_batch,
    an_entry,
]


@pytest.mark.parametrize("make", SHOWN)
def test_text_is_escaped_and_nothing_is_asked(
    sandbox: Sandbox, session: up42.Session, make: MakeShown
) -> None:
    made = make(session, HOSTILE)
    shown = parsed(made._repr_html_())
    assert HOSTILE in shown.text
    assert sandbox.requests == []


@pytest.mark.parametrize("make", SHOWN)
def test_it_needs_no_network_and_fixes_no_text_colour(
    session: up42.Session, make: MakeShown
) -> None:
    shown = make(session, "captured")._repr_html_()
    assert not re.search(r"https?:|url\(", shown.replace(session.hosts.api, ""))
    for tag, style in parsed(shown).styles:
        assert "important" not in style
        for name, value in re.findall(r"(?:^|;)((?:background-)?color|background):([^;]+)", style):
            is_mark = tag == "span" and value in {colour for colour, _ in html.MARKS.values()}
            assert value in ("inherit", "transparent") or is_mark, (tag, name, value)


def test_what_was_never_asked_for_is_not_shown(session: up42.Session) -> None:
    asset = up42.initialize_asset("a", session=session)
    assert parsed(asset._repr_html_()).cells == ["Storage", session.hosts.api]
    assert "Valid" not in a_template(session, "t")._repr_html_()
    job = up42.initialize_job("j", "p", session=session)
    assert parsed(job._repr_html_()).cells == ["Project", "p"]


def test_a_template_shows_what_the_server_has_said(sandbox: Sandbox, session: up42.Session) -> None:
    template = session_template(sandbox, session, "pneo-berlin")
    assert template.is_valid
    sandbox.clear_requests()
    assert parsed(template._repr_html_()).cells[-4:] == ["Valid", "yes", "Credits", "2"]
    refused = session_template(sandbox, session, "pleiades-potsdam", templates.Pansharpening)
    assert not refused.is_valid
    sandbox.clear_requests()
    cells = parsed(refused._repr_html_()).cells
    assert cells[-4:-1] == ["Valid", "no", "Errors"]
    assert cells[-1].startswith("MissingPanchromaticAsset: ")
    assert sandbox.requests == []


def session_template(
    sandbox: Sandbox,
    session: up42.Session,
    scene: str,
    kind: Callable[..., Any] = templates.DetectionTreesSpacept,
) -> Any:
    asset = up42.initialize_asset(sandbox.asset_id(scene), session=session)
    return kind(title="Trees", item=asset.stac_items[0], session=session)


def test_an_asset_shows_its_items_once_they_are_known(
    sandbox: Sandbox, session: up42.Session
) -> None:
    asset = up42.initialize_asset(sandbox.asset_id("pneo-berlin"), session=session)
    assert "Items" not in asset._repr_html_()
    item = asset.stac_items[0]
    sandbox.clear_requests()
    shown = parsed(asset._repr_html_())
    assert item.properties["title"] in shown.cells
    assert "\n".join(sorted(item.assets)) in shown.cells
    assert sandbox.requests == []


def test_a_job_as_a_table(sandbox: Sandbox, session: up42.Session) -> None:
    created = dt.datetime(2024, 6, 1, 12, 30, 15, 999, tzinfo=dt.UTC)
    known = sandbox.add_job(status="captured", credits=1234, created=created)
    shown = parsed(up42.Job.get(known.id, session=session)._repr_html_())
    cells = dict(zip(shown.cells[::2], shown.cells[1::2], strict=True))
    assert cells["Status"] == "✓ captured"
    assert cells["Credits"] == "1,234"
    assert cells["Created"] == "2024-06-01 12:30:15 UTC"
    assert "Errors" not in cells


# The parts of a table --------------------------------------------------------------------


def test_a_table_leaves_out_what_is_none() -> None:
    assert parsed(html.table("T", {"a": None, "b": 0, "c": ""})).cells == ["b", "0", "c", ""]


def test_a_grid() -> None:
    text = html.grid(
        "G", ["#", "Title", "Status"], [(0, "a", html.Status("failed")), (1, None, None)]
    )
    shown = parsed(text)
    assert shown.text.startswith("G")
    assert shown.cells == ["#", "Title", "Status", "0", "a", "✗ failed", "1", "", ""]
    assert "more" not in shown.text


def test_a_grid_says_how_many_rows_are_left_out() -> None:
    shown = parsed(html.grid("G", ["#", "Title"], [(0, "a")], more=4800))
    assert shown.cells[-1] == "and 4,800 more"
    assert 'colspan="2"' in html.grid("G", ["#", "Title"], [(0, "a")], more=4800)


def test_a_grid_without_rows() -> None:
    assert parsed(html.grid("G", ["#", "Title"], [])).cells == ["#", "Title"]


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="argument"):
        html.grid("G", ["#", "Title"], [(0,)])


def test_columns_of_numbers_are_aligned_to_the_right() -> None:
    rows = [(1, "1", None, True, 1), (Decimal("2.5"), 2, 3.5, False, "x")]
    text = html.grid("G", ["a", "b", "c", "d", "e"], rows)
    sides = re.findall(r'<th[^>]* align="(\w+)"', text)
    assert sides == ["right", "left", "right", "left", "left"]
    assert re.findall(r'<td[^>]* align="(\w+)"', text) == sides * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (0, "0"),
        (12345, "12,345"),
        (0.360177, "0.360177"),
        (1200.0, "1,200"),
        (1e-9, "0"),
        (Decimal("12.50"), "12.5"),
        (float("nan"), "nan"),
        (True, "True"),
        (("a", 2, None), "a<br>2<br>"),
        ([], ""),
        (dt.datetime(2024, 6, 1, 14, tzinfo=BERLIN), "2024-06-01 12:00:00 UTC"),
        (dt.datetime(2024, 6, 1), "2024-06-01 00:00:00 UTC"),
        (html.Status("paused <b>"), "paused &lt;b&gt;"),
    ],
)
def test_values(value: object, text: str) -> None:
    assert html.shown(value) == text


@pytest.mark.parametrize(
    ("word", "mark"),
    [
        ("captured", "✓"),
        ("SUCCEEDED", "✓"),
        ("NOT STARTED", "○"),
        ("RUNNING", "●"),
        ("rejected", "✗"),
        ("uncertain", "?"),
    ],
)
def test_marks_of_statuses(word: str, mark: str) -> None:
    assert parsed(html.shown(html.Status(word))).text == f"{mark} {word}"


def test_every_documented_status_has_a_mark() -> None:

    words = {
        *(status.value for status in up42.JobStatus),
        *(s.lower().replace(" ", "_") for s in STATUSES),
    }
    assert words <= html.MARK_OF.keys()


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("colour", [colour for colour, _ in html.MARKS.values()])
def test_marks_stand_out_on_light_and_dark_ground(colour: str, ground: str) -> None:
    # 3 : 1 is what WCAG 2 asks of graphics; the word beside a mark has the text's own colour.
    lighter, darker = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_times_that_came_as_text() -> None:
    read = html.readable("2024-06-01T12:00:00.5Z")
    assert read == dt.datetime(2024, 6, 1, 12, 0, 0, 500_000, tzinfo=dt.UTC)
    assert html.readable("soon") == "soon"
    assert html.readable(None) is None


def test_very_long_texts_and_lists_are_cut() -> None:
    text = html.shown("x" * 12_345)
    assert text.endswith("x… (12,345 characters)")
    assert len(text) < html.LONGEST + 50
    assert html.shown(list(range(1000))).endswith("<br>19<br>and 980 more")


def test_half_a_surrogate_pair_can_be_sent() -> None:
    assert html.shown("a\ud800b").encode() == rb"a\ud800b"


@pytest.mark.parametrize("name", STRINGS)
def test_hostile_strings_are_text(name: str) -> None:
    text = STRINGS[name]
    page = Page()
    page.feed(html.table(text, {text: text}) + html.grid(text, [text], [[text]]))
    assert page.tags <= TAGS
    shown = "".join(page.cells)
    assert escape_for_terminal(text) in shown


def test_dollars_make_no_formula() -> None:
    text = html.table("T", {"a": "$x$"})
    assert re.search(r'class="[^"]*\btex2jax_ignore\b[^"]*\bmathjax_ignore\b', text)


# In a browser ----------------------------------------------------------------------------

# A theme that stripes rows and colours tables for light ground alone, as some do.
STRIPES = "table{color:black;font-size:9px} tbody tr:nth-child(odd){background:#f5f5f5}"
URL = "https://api.up42.com/v2/assets/stac/collections/" + "0123456789" * 12


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(map_browser.running_browser())
        except map_browser.BrowserMissingError as error:
            unavailable(str(error))


@pytest.mark.parametrize(
    ("ground", "text"),
    [("rgb(255, 255, 255)", "rgb(20, 20, 20)"), ("rgb(17, 17, 17)", "rgb(221, 221, 221)")],
)
def test_it_reads_well_in_a_theme(browser: Any, ground: str, text: str) -> None:
    page = browser.new_page(viewport={"width": 480, "height": 600})
    shown = html.table("Job " + "0" * 36, {"Status": html.Status("captured"), "URL": URL})
    shown += html.grid("Batch", ["#", "Title"], [(1, "Trees"), (2, "A long title " * 9)])
    page.set_content(
        f"<style>{STRIPES}</style><body style='background:{ground};color:{text}'>{shown}"
    )
    styles = page.eval_on_selector_all(
        "table, tr, th, td, strong",
        "found => found.map(e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor])",
    )
    assert len(styles) > 10
    assert {colour for colour, _ in styles} == {text}
    assert {colour for _, colour in styles} == {"rgba(0, 0, 0, 0)"}
    # A long URL wraps, and nothing makes the page wider than the window.
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    assert page.locator("td", has_text=URL).bounding_box()["height"] > 30
    assert page.locator("td", has_text="captured").bounding_box()["height"] < 30
    page.close()


def test_a_wide_table_scrolls_by_itself(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 480, "height": 600})
    columns = [f"Column {number}" for number in range(12)]
    page.set_content(html.grid("Wide", columns, [["A title of some words"] * 12]))
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    assert page.eval_on_selector("div", "e => e.scrollWidth") > 1000
    page.close()


@pytest.mark.parametrize("value", STRINGS.values(), ids=STRINGS)
def test_hostile_values_of_a_job(value: str, session: up42.Session) -> None:
    known = {"jobID": "j", "processID": value, "status": value, "definition": {"inputs": {}}}
    job = up42.Job.from_metadata(known, session=session)
    assert job.status.value == value
    for shown in (repr(job), job._repr_html_()):
        assert CONTROLS.sub("", shown.replace("\n", "")) == shown.replace("\n", "")
        assert shown.encode()
    assert "<img" not in job._repr_html_()
    assert "<script" not in job._repr_html_()
