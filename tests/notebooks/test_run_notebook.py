"""Running notebooks: what is stored, what is refused, what counts as the same."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import notebook_outputs
import run_notebook
from map_browser import BrowserMissingError
from notebook_outputs import is_same_content, keep_same, keep_same_picture, problems, tidy

MOVING = "import time; print('2024-06-01', time.strftime('%H:%M:%S UTC'), '127.0.0.1:1234')"
SETTINGS = "import os; print(sorted(n for n in os.environ if n.startswith('UP42_')), 6 * 7)"


def notebook_of(*sources: str) -> Any:
    made = new_notebook(cells=[new_markdown_cell("# Title", id="title")])
    made.cells += [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.ipynb"


def stored_outputs(path: Path) -> list[str]:
    return [cell.outputs[0].text for cell in run_notebook.read(path).cells[1:] if cell.outputs]


def test_a_second_run_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UP42_USERNAME", "somebody")
    nbformat.write(notebook_of(MOVING, SETTINGS), path)
    assert run_notebook.main([str(path)]) == 0
    assert capsys.readouterr().out == "some.ipynb: cell-0, cell-1\n"
    first = path.read_bytes()
    assert stored_outputs(path)[1] == "['UP42_PROGRESS'] 42\n"
    assert run_notebook.main([str(path)]) == 0
    assert capsys.readouterr().out == "some.ipynb: shows the same as before\n"
    assert path.read_bytes() == first
    assert list(path.parent.iterdir()) == [path]


def test_the_kernel_asks_for_no_port_that_another_process_may_take(path: Path) -> None:
    source = "import ipykernel; print(ipykernel.get_connection_info(unpack=True)['transport'])"
    nbformat.write(notebook_of(source), path)
    run_notebook.update(path)
    assert stored_outputs(path) == ["ipc\n"]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings; warnings.warn('careful')", "careful"),
        ("import os; print(os.path.abspath('x'))", "'/"),
    ],
)
def test_a_notebook_with_a_problem_is_left_as_it_is(
    path: Path, source: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nbformat.write(notebook_of(source), path)
    before = path.read_bytes()
    assert run_notebook.main([str(path)]) == 1
    assert complaint in capsys.readouterr().err
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [None, "no JSON"])
def test_a_file_that_is_no_notebook(
    path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        path.write_text(content)
    assert run_notebook.main([str(path)]) == 1
    assert "is no notebook that can be read" in capsys.readouterr().err


def test_pictures_of_maps_are_stored_beside_the_notebook(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def taken(pages: list[Path]) -> dict[str, bytes]:
        seen.extend(page.read_text() for page in pages)
        return {page.stem: png(drawing()) for page in pages}

    monkeypatch.setattr(run_notebook, "pictures", taken)
    nbformat.write(notebook_of("_ = open('map.html', 'w').write('a map')"), path)
    assert run_notebook.update(path) == ["some-map.png"]
    assert seen == ["a map"]
    assert path.with_name("some-map.png").read_bytes() == png(drawing())


def test_without_a_browser_the_outputs_are_stored_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(pages: list[Path]) -> dict[str, bytes]:
        raise BrowserMissingError("no Chromium")

    monkeypatch.setattr(run_notebook, "pictures", missing)
    nbformat.write(notebook_of("print(1)"), path)
    assert run_notebook.update(path) == ["cell-0"]
    assert stored_outputs(path) == ["1\n"]
    assert "stay as they are: no Chromium" in capsys.readouterr().err


# What counts as the same -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "stored", "fresh"),
    [
        ("text/plain", "Session('http://127.0.0.1:80')", "Session('http://127.0.0.1:44101')"),
        ("stdout", "at 2024-06-01 12:00:00 UTC", "at 2026-01-02 03:04:05 UTC"),
        ("stdout", "2024-06-01T12:00:00.123Z", "2026-01-02 03:04:05+00:00"),
        ("text/html", "<style>a</style><td a>1 &lt; 2</td>", "<td>1   &lt; 2</td>"),
    ],
)
def test_what_differs_in_each_run_is_the_same(kind: str, stored: str, fresh: str) -> None:
    assert is_same_content(kind, stored, fresh)


@pytest.mark.parametrize(
    ("kind", "stored", "fresh"),
    [
        ("stdout", "3 credits", "4 credits"),
        ("stdout", "127.0.0.1:80", "127.0.0.2:80"),
        ("stdout", "1 June 2024", "2 June 2024"),
        ("text/plain", "<b>x</b>", "x"),
        ("text/html", "<td>3</td>", "<td>4</td>"),
    ],
)
def test_what_differs(kind: str, stored: str, fresh: str) -> None:
    assert not is_same_content(kind, stored, fresh)


def test_outputs_are_compared_by_number_and_kind() -> None:
    text = new_output("stream", name="stdout", text="1")
    result = new_output("execute_result", {"text/plain": "1"})
    shown = new_output("display_data", {"text/plain": "1"})
    richer = new_output("execute_result", {"text/plain": "1", "text/html": "1"})
    for other in ([], [text, text], [result], [shown], [richer]):
        assert not notebook_outputs.is_same([text], other)
    assert not notebook_outputs.is_same([result], [shown])
    assert not notebook_outputs.is_same([result], [richer])
    assert notebook_outputs.is_same([text, result], [text, result])


def test_only_outputs_with_news_are_replaced() -> None:
    stored, fresh = notebook_of("a", "b"), notebook_of("a", "b", "c")
    for made, port, price in ((stored, 1, 3), (fresh, 2, 4)):
        made.cells[1].outputs = [new_output("stream", name="stdout", text=f"127.0.0.1:{port}")]
        made.cells[2].outputs = [new_output("stream", name="stdout", text=f"{price} credits")]
    assert keep_same(stored, fresh) == ["cell-1", "cell-2"]
    assert [cell.outputs[0].text for cell in fresh.cells[1:3]] == ["127.0.0.1:1", "4 credits"]


def png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def drawing(size: tuple[int, int] = (300, 300), shift: int = 0, dots: int = 8) -> Image.Image:
    image = Image.new("RGB", size, "#345")
    for number in range(dots):
        left = 20 + 30 * number + shift
        ImageDraw.Draw(image).ellipse((left, 100, left + 24, 124), fill="#fc0")
    return image


@pytest.mark.parametrize(
    ("fresh", "is_same"),
    [
        (drawing(), True),
        (drawing(shift=1), True),
        (drawing((305, 298)), True),
        (drawing().quantize(16), True),
        (drawing(dots=2), False),
        (drawing((400, 300)), False),
        (Image.new("RGB", (300, 300), "#345"), False),
    ],
)
def test_pictures(fresh: Image.Image, is_same: bool, tmp_path: Path) -> None:
    target = tmp_path / "kept.png"
    target.write_bytes(png(drawing()))
    assert keep_same_picture(target, png(fresh)) is not is_same
    assert target.read_bytes() == png(drawing() if is_same else fresh)


# What no reader should see ---------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "/home/somebody/results",
        "C:\\Users\\somebody",
        "<Item object at 0x7f00aa>",
        "job 5: 43%|####   | 3/7",
        "\x1b[31mred",
    ],
)
@pytest.mark.parametrize("kind", ["text/plain", "text/html"])
def test_unwanted_content_is_found(text: str, kind: str) -> None:
    made = notebook_of("a")
    content = text.replace("<", "&lt;") if kind == "text/html" else text
    made.cells[1].outputs = [new_output("execute_result", {kind: content})]
    assert [found.partition(":")[0] for found in problems(made)] == ["cell-0"]


def test_results_and_pictures_are_no_problem() -> None:
    made = notebook_of("a")
    plain = "results/trees.tif, 50 % of https://api.up42.com/v2"
    made.cells[1].outputs = [
        new_output("execute_result", {"text/plain": plain, "image/png": "a/tmp/b"})
    ]
    assert problems(made) == []


def test_what_was_known_of_the_run_is_removed() -> None:
    made = notebook_of("a")
    made.metadata = {"kernelspec": {"name": "mine"}, "language_info": {"version": "3.11.7"}}
    made.cells[1].metadata = {"execution": {"iopub.status.idle": "2024"}, "tags": ["kept"]}
    made.cells[1].outputs = [
        new_output("display_data", {"text/plain": "1"}, metadata={"needs_background": "light"})
    ]
    tidy(made)
    assert made.metadata == notebook_outputs.KERNEL
    assert made.cells[1].metadata == {"tags": ["kept"]}
    assert made.cells[1].outputs[0].metadata == {}
