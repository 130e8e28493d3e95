"""The reference of the generated client: a directive for the operations, one for the models.

The client is made anew whenever the API changes, so nothing of it is listed by hand: the pages
show whatever `up42_client` has, and the build fails if a group of operations has no page.
"""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

import up42_client.api
import up42_client.models

# Before `docstrings`, which connects with the default of 500.
EARLY = 400
OTHERS = {
    "sync_detailed": "Like :py:func:`sync`, with status, headers and raw content around it.",
    "asyncio": "Like :py:func:`sync`, as a coroutine.",
    "asyncio_detailed": "Like :py:func:`sync_detailed`, as a coroutine.",
}
FUNCTIONS = ("sync", *OTHERS)
MODELS = re.compile(rf"(?<![\w.])({'|'.join(up42_client.models.__all__)})(?!\w)")
# Where a docstring of the generator names types: `limit (int | Unset): …`.
TYPED = re.compile(r"(?<= \().*(?=\):)")
RETURNS = "Returns:"
# The default of everything that may be left out, as it prints itself.
UNSET = re.compile(r"<up42_client\.types\.Unset object[^>]*>")


class Operations(SphinxDirective):
    """All operations of one group: `.. client-operations:: processing`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        group = f"up42_client.api.{self.arguments[0]}"
        lines = [line for module in submodules(group) for line in operation(group, module)]
        return parsed(self, lines, group)


class Models(SphinxDirective):
    """All models."""

    def run(self) -> list[nodes.Node]:
        lines = [line for name in sorted(up42_client.models.__all__) for line in model(name)]
        return parsed(self, lines, "up42_client.models")


def submodules(package: str) -> Iterator[str]:
    for module in pkgutil.iter_modules(import_module(package).__path__):
        yield module.name


def operation(group: str, module: str) -> Iterator[str]:
    """Write the section of one operation: its request, then its four functions."""
    name = f"{group}.{module}"
    yield from (module, "-" * len(module), "")
    yield from (f"``{request_of(name)}``", "")
    yield from (f".. py:module:: {name}", "   :no-index-entry:", "")
    for function in FUNCTIONS:
        yield from (f".. autofunction:: {name}.{function}", "")


def request_of(module: str) -> str:
    """Read method and path from the generated source."""
    source = inspect.getsource(import_module(module))
    method = re.search(r'"method": "(\w+)"', source)
    path = re.search(r'"url": "([^"]+)"', source)
    if method is None or path is None:
        raise ExtensionError(f"{module} doesn't show its request: has the generator changed?")
    return f"{method[1].upper()} {path[1]}"


def model(name: str) -> Iterator[str]:
    is_enum = issubclass(getattr(up42_client.models, name), Enum)
    yield f".. autoclass:: up42_client.models.{name}"
    if is_enum:
        yield from ("   :members:", "   :undoc-members:")
    yield ""


def parsed(directive: SphinxDirective, lines: list[str], source: str) -> list[nodes.Node]:
    container = nodes.section()
    container.document = directive.state.document
    directive.state.nested_parse(StringList(lines, source), 0, container, match_titles=True)
    return list(container.children)


def shorten(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Say once what four functions share, and make names of models unmistakable."""
    if not name.startswith("up42_client."):
        return
    function = name.rpartition(".")[2]
    if function in OTHERS and name.startswith("up42_client.api."):
        lines[:] = [OTHERS[function]]
        return
    if RETURNS in lines:
        # It comes last and repeats the annotation, which has links.
        del lines[lines.index(RETURNS) :]
    # The generator indents the description of an operation by one blank.
    lines[:] = [line[1:] if re.match(r" \S", line) else line for line in lines]
    lines[:] = [TYPED.sub(qualified, line) for line in lines]
    # Blanks at the ends of code mean something in Markdown only.
    lines[:] = [re.sub(r"`([^`]+)`", lambda code: f"`{code[1].strip()}`", x) for x in lines]
    # A trailing underscore, as in `type_`, would begin a link.
    lines[:] = [re.sub(r"^( +\w+)_ \(", r"\1\\_ (", line) for line in lines]


def qualified(types: re.Match[str]) -> str:
    return MODELS.sub(r"~up42_client.models.\1", types[0])


def correct_signature(
    app: Sphinx,
    what: str,
    name: str,
    obj: Any,
    options: Any,
    signature: str | None,
    annotation: str | None,
) -> tuple[str | None, str | None] | None:
    if not name.startswith("up42_client."):
        return None
    if what == "class" and name.startswith("up42_client.models."):
        # The arguments of models are their attributes, which are listed below.
        return "", None
    return signature and UNSET.sub("UNSET", signature), annotation


def require_pages(app: Sphinx, env: BuildEnvironment) -> None:
    """Fail if a group of operations has no page."""
    groups = {f"reference/client/{group}" for group in submodules("up42_client.api")}
    missing = groups - env.found_docs
    if missing:
        raise ExtensionError(f"Add pages of operations: {', '.join(sorted(missing))}.")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("client-operations", Operations)
    app.add_directive("client-models", Models)
    app.connect("autodoc-process-docstring", shorten, priority=EARLY)
    app.connect("autodoc-process-signature", correct_signature)
    app.connect("env-updated", require_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
