"""Read the facade's source: its functions, and what each of them names, calls and reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CLIENT_API = "up42_client.api."
CLIENT_MODELS = "up42_client.models"


@dataclass
class Call:
    """A call of a generated function: `session.call(function, …)`.

    Attributes:
        operation: The function's name.
        keywords: Keywords that are spelled out.
        is_open: Whether `**something` adds others.
    """

    operation: str
    keywords: set[str]
    is_open: bool


@dataclass
class Function:
    """A function or method of the facade, with all that is nested in it.

    Attributes:
        module: Name of its module.
        name: Its name, with its class: `Job.get`.
        operations: Generated functions that it imports.
        models: Generated models that it names.
        calls: Its calls of generated functions.
        attributes: All attributes that it reads or calls.
        constants: All texts in it.
        names: All plain names in it.
        explicit: Attributes of plain names, as pairs: `("self", "get")`.
        loose: Attributes of anything else.
        typed: Names in the annotations of its parameters, by parameter.
        returns: Names in the annotation of its result.
        converters: Classes whose `from_dict` it uses, generated models left out; empty for one
            without a plain name.
        passes_whole: Whether one of those isn't ours: it may read anything of the object.
    """

    module: str
    name: str
    operations: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    explicit: set[tuple[str, str]] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    typed: dict[str, set[str]] = field(default_factory=dict)
    returns: set[str] = field(default_factory=set)
    converters: set[str] = field(default_factory=set)
    passes_whole: bool = False

    @property
    def owner(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def is_public(self) -> bool:
        parts = self.name.removesuffix(".__init__").split(".")
        return not any(part.startswith("_") for part in parts)

    @property
    def shown(self) -> str:
        """Module and name, without the package: `processing.Job.get`."""
        name = self.name.removesuffix(".__init__")
        return f"{self.module.partition('.')[2]}.{name}".lstrip(".")


class Module:
    """One module of the facade: its functions, classes and imports."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self.functions: dict[str, Function] = {}
        self.classes: dict[str, set[str]] = {}
        self.imports: dict[str, tuple[str, str]] = {}
        self.constants: set[str] = set()
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        self._read_imports(tree)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self._read_class(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                self._add(node, node.name, set())
            else:
                self.constants |= set(texts(node))

    def _read_imports(self, tree: ast.AST) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    self.imports[alias.asname or alias.name] = (node.module, alias.name)

    def _read_class(self, node: ast.ClassDef) -> None:
        # Types of fields and base classes count for all methods: through them others are called.
        fields = [part for part in node.body if isinstance(part, ast.AnnAssign | ast.Assign)]
        shared = {n.id for part in [*fields, *node.bases] for n in names(part)}
        self.classes[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
        for part in node.body:
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                self._add(part, f"{node.name}.{part.name}", shared)
            else:
                self.constants |= set(texts(part))

    def _add(self, node: ast.AST, name: str, shared: set[str]) -> None:
        function = Function(self.name, name, names=set(shared))
        doc = ast.get_docstring(node, clean=False) if isinstance(node, ast.FunctionDef) else None
        for part in ast.walk(node):
            self._read(part, function)
        function.constants.discard(doc or "")
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            function.returns = {found.id for found in names(node.returns)}
        # Getter and setter of a property share a name: what both use counts.
        known = self.functions.get(name)
        if known is not None:
            function = merged(known, function)
        self.functions[name] = function

    def _read(self, node: ast.AST, function: Function) -> None:
        if isinstance(node, ast.Name):
            function.names.add(node.id)
            module, name = self.imports.get(node.id, ("", ""))
            if module.startswith(CLIENT_API):
                function.operations.add(name)
            elif module == CLIENT_MODELS:
                function.models.add(name)
        elif isinstance(node, ast.Attribute):
            function.attributes.add(node.attr)
            if isinstance(node.value, ast.Name):
                function.explicit.add((node.value.id, node.attr))
            else:
                function.loose.add(node.attr)
            if node.attr == "from_dict" and not self._is_model(node.value):
                name = node.value.id if isinstance(node.value, ast.Name) else ""
                function.converters.add(name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            function.constants.add(node.value)
            if node.value.isidentifier():
                function.names.add(node.value)
        elif isinstance(node, ast.arg) and node.annotation is not None:
            function.typed[node.arg] = {found.id for found in names(node.annotation)}
        elif isinstance(node, ast.Call):
            function.calls += self._calls(node)

    def _is_model(self, node: ast.AST) -> bool:
        return (
            isinstance(node, ast.Name) and self.imports.get(node.id, ("", ""))[0] == CLIENT_MODELS
        )

    def _calls(self, node: ast.Call) -> Iterator[Call]:
        if not (isinstance(node.func, ast.Attribute) and node.args):
            return
        first = node.args[0]
        module, name = self.imports.get(first.id if isinstance(first, ast.Name) else "", ("", ""))
        if module.startswith(CLIENT_API):
            spelled = {keyword.arg for keyword in node.keywords if keyword.arg}
            is_open = any(keyword.arg is None for keyword in node.keywords)
            yield Call(name, spelled, is_open)


def merged(one: Function, other: Function) -> Function:
    """Return one function with all that both use."""
    for name in (
        "operations",
        "models",
        "attributes",
        "constants",
        "names",
        "explicit",
        "loose",
        "converters",
    ):
        getattr(one, name).update(getattr(other, name))
    one.calls += other.calls
    return one


def names(node: ast.AST) -> Iterator[ast.Name]:
    """Yield the names in a part of a source, those in quoted annotations included."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part
        elif isinstance(part, ast.Constant) and str(part.value).isidentifier():
            yield ast.Name(str(part.value))


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
