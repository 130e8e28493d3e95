"""What a person sees at a terminal while a job or a batch is tracked."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.terminal import CTRL_C, Terminal
from up42_sandbox import Fault, Sandbox

POLLS = "/v2/processing/jobs*"
SCRIPT = """
import sys
import up42_facade as up42
url, username, password, item, kind, wait = sys.argv[1:]
options = up42.TransportOptions(retries=0)
up42.authenticate(username=username, password=password, base_url=url, options=options)
template = up42.processing_templates.TrueColorConversion(title="T", item=item)
def show(found):
    print("now", found.status, flush=True)
if kind == "job":
    template.execute().track(wait=float(wait), on_update=show)
else:
    batch = up42.Batch([template]).execute(progress=False)
    batch.track(wait=float(wait), on_update=show)
"""
NEXT_POLL = re.compile(r"(\d\d:\d\d), next poll in (\d+) s")
Track = Callable[..., Terminal]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=0.001) as running:
        yield running


@pytest.fixture
def track(sandbox: Sandbox) -> Track:
    def start(kind: str, wait: float) -> Terminal:
        account = (sandbox.url, sandbox.username, sandbox.password)
        item = sandbox.item_url("pneo-berlin")
        return Terminal([sys.executable, "-c", SCRIPT, *account, item, kind, str(wait)])

    return start


def draw(times: int, terminal: Terminal) -> list[tuple[str, int]]:
    """Return elapsed time and countdown as often as they were drawn, and wait for more."""
    while len(found := NEXT_POLL.findall(terminal.text)) < times:
        terminal.expect_more()
    return [(elapsed, int(left)) for elapsed, left in found]


@pytest.mark.parametrize(("kind", "state"), [("job", "created"), ("batch", "0 of 1 jobs ended")])
def test_time_advances_between_polls(sandbox: Sandbox, track: Track, kind: str, state: str) -> None:
    terminal = track(kind, 60)
    draw(1, terminal)
    sandbox.clear_requests()
    began = time.monotonic()
    drawn = draw(4, terminal)
    assert time.monotonic() - began > 2
    elapsed, left = zip(*drawn, strict=True)
    assert sorted(set(elapsed)) == list(elapsed)
    assert sorted(set(left), reverse=True) == list(left)
    assert sandbox.requests == []
    line = terminal.screen[-1]
    assert re.match(rf"(job \w{{8}}|batch): {state}", line)
    assert "%" not in terminal.text
    assert "/" not in line
    pressed = time.monotonic()
    terminal.type(CTRL_C)
    assert terminal.end() != 0
    assert time.monotonic() - pressed < 5
    assert "KeyboardInterrupt" in terminal.text


@pytest.mark.parametrize(
    ("kind", "polled", "end"), [("job", r"job \w{8}", "captured"), ("batch", "the jobs", "1 of 1")]
)
def test_messages_have_lines_of_their_own(
    sandbox: Sandbox, track: Track, kind: str, polled: str, end: str
) -> None:
    sandbox.inject(Fault(path=POLLS, after=1, times=2, status=503))
    terminal = track(kind, 2)
    terminal.expect("unreachable, 00:0")
    # Two failed polls are one outage.
    terminal.expect("00:06")
    sandbox.clock.advance(10_000)
    assert terminal.end() == 0
    *above, last, empty = terminal.screen
    assert empty == ""
    assert re.search(rf"{end}( jobs ended)?, 00:\d\d(,|$)", last)
    messages = [line for line in above if line.startswith("Can't poll")]
    assert len(messages) == 1
    assert re.match(rf"Can't poll {polled}; tracking continues: .*503", messages[0])
    assert above[-1].startswith("now ")
    assert {line.split()[0] for line in above} == {"now", "Can't"}


def test_nothing_is_shown_if_it_is_switched_off(
    sandbox: Sandbox, track: Track, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UP42_PROGRESS", "0")
    terminal = track("job", 1)
    terminal.expect("now created")
    sandbox.clock.advance(10_000)
    assert terminal.end() == 0
    assert [line for line in terminal.screen if line] == ["now created", "now captured"]
