"""Importing costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import up42_facade as up42

HEAVY = "geopandas pystac matplotlib folium rasterio httpx up42_client tqdm attrs pandas"

CHECK = f"""
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if event in
    {{"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "open"}} else None)
import logging, warnings
filters, handlers = list(warnings.filters), list(logging.getLogger().handlers)
import up42_facade
assert warnings.filters == filters and logging.getLogger().handlers == handlers
assert not logging.getLogger("up42_facade").handlers
loaded = [name for name in {HEAVY.split()!r} if name in sys.modules]
assert not loaded, loaded
foreign = [args for event, args in opened
           if event != "open" or not str(args[0]).endswith((".py", ".pyc"))]
assert not foreign, foreign
"""


def test_no_io_and_nothing_heavy() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", CHECK], check=True)


def test_every_public_name_is_there() -> None:
    assert [name for name in up42.__all__ if getattr(up42, name, None) is None] == []
    assert set(up42.__all__) <= set(dir(up42))


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="no_such"):
        _ = up42.no_such


def test_the_submodule_of_the_documents() -> None:
    code = (
        "from up42_facade import processing_templates as a; import up42_facade as up42;"
        "assert up42.processing_templates is a"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_httpx_is_loaded_as_if_without_its_command_line() -> None:
    code = (
        "import sys, up42_facade.session, httpx\n"
        "assert not {'click', 'rich', 'pygments'} & sys.modules.keys()\n"
        "assert httpx.main.__module__ == 'httpx' and not hasattr(httpx, '__getattr__')\n"
        "from httpx._main import main\n"
        "main(['--help'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "Usage" in done.stdout
