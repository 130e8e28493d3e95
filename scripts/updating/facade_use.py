"""What each public method of the facade uses of the generated client, read from its source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from updating.facade_source import Function, Module, texts

# Mappings have these too: they count only on `self`, `cls` or a class.
AMBIGUOUS = frozenset({"get", "items", "keys", "values", "update", "pop"})
# It hands answers on without looking into them.
PLUMBING = ".session"


class FacadeUse:
    """The functions of the facade and who calls whom.

    Args:
        folder: The facade's package.
    """

    def __init__(self, folder: Path) -> None:
        self.modules = {
            name: Module(path, name) for path, name in module_files(folder, folder.name)
        }
        self.functions = [f for module in self.modules.values() for f in module.functions.values()]
        self._exported = self._public_names(exported(folder / "__init__.py"))
        self._callees = {id(f): list(self._resolve(f)) for f in self.functions}
        self._callers: dict[int, list[Function]] = defaultdict(list)
        for function in self.functions:
            function.passes_whole = any(self._is_foreign(function, c) for c in function.converters)
        for function in self.functions:
            for callee in self._callees[id(function)]:
                self._callers[id(callee)].append(function)

    def users(self, operation: str) -> list[Function]:
        """Return the functions that call a generated function."""
        return [f for f in self.functions if operation in f.operations]

    def readers(self, operations: set[str]) -> list[Function]:
        """Return the functions that may read an answer of some generated functions.

        These are who calls them, who calls those, and whatever gets the answer from there;
        functions that call another operation have answers of their own.
        """
        users = [f for name in sorted(operations) for f in self.users(name)]
        start = [*users, *(caller for f in users for caller in self._callers[id(f)])]
        return self._reach(
            start,
            self._callees,
            lambda f: (
                bool(f.operations & operations) or not (f.operations or f.module.endswith(PLUMBING))
            ),
        )

    def reach(self, functions: Iterable[Function]) -> list[Function]:
        """Return some functions and all that they call, directly or through others."""
        return self._reach(list(functions), self._callees, lambda _: True)

    def public_methods(self, functions: Iterable[Function]) -> list[str]:
        """Return the names of the public methods that call any of some functions."""
        above = self._reach(list(functions), self._callers, lambda _: True)
        offered = {f.shown for f in above if f.is_public and self._is_exported(f)}
        # Of a class that is only handed out, the name that its users see is better than nothing.
        return sorted(offered or {f.shown for f in above if f.is_public})

    def holders(self, text: str) -> list[str]:
        """Return the modules in whose constants a text stands."""
        return sorted(
            module.name
            for module in self.modules.values()
            if text in module.constants
            or any(text in f.constants for f in module.functions.values())
        )

    def _is_exported(self, function: Function) -> bool:
        return (function.module, function.name.split(".")[0]) in self._exported

    def _public_names(self, listed: set[str]) -> set[tuple[str, str]]:
        """Return module and name of all that is offered, or reached through what is offered."""
        found: set[tuple[str, str]] = set()
        todo: list[tuple[Module, str]] = []
        for module in self.modules.values():
            offers_all = module.name.rpartition(".")[2] in listed
            todo += [(module, name) for name in module.functions if name in listed]
            todo += [(module, n) for n in module.classes if n in listed or offers_all]
        while todo:
            module, name = todo.pop()
            if (module.name, name) in found:
                continue
            found.add((module.name, name))
            function = module.functions.get(name)
            for other in (function.returns if function else set()) | module.classes.get(
                name, set()
            ):
                home, own = self._home(module, other)
                if home is not None and own in home.classes:
                    todo.append((home, own))
        return found

    @staticmethod
    def _reach(
        start: list[Function], edges: dict[int, list[Function]], is_open: Callable[[Function], bool]
    ) -> list[Function]:
        found: dict[int, Function] = {}
        todo = list(start)
        while todo:
            function = todo.pop()
            if id(function) in found:
                continue
            found[id(function)] = function
            todo += [f for f in edges.get(id(function), ()) if is_open(f)]
        return list(found.values())

    def _resolve(self, function: Function) -> Iterator[Function]:
        """Yield the functions of the facade that a function calls, by names and classes."""
        module = self.modules[function.module]
        classes = [(module, function.owner)] if function.owner else []
        for name in sorted(function.names):
            home, own = self._home(module, name)
            if home is None:
                continue
            if own in home.functions:
                yield home.functions[own]
            if own in home.classes:
                classes.append((home, own))
        for home, name in classes:
            yield from self._methods(home, name, function)

    def _methods(self, module: Module, name: str, function: Function) -> Iterator[Function]:
        for home, own in self._lineage(module, name):
            for method in home.functions.values():
                short = method.name.rpartition(".")[2]
                is_made = short in {"__init__", "__attrs_post_init__"} and own in function.names
                if method.owner == own and (is_made or uses(function, name, short)):
                    yield method
                    if "Protocol" in home.classes[own]:
                        yield from self._same_named(short)

    def _is_foreign(self, function: Function, converter: str) -> bool:
        """Tell whether the `from_dict` of a class is not written in the facade."""
        home, own = self._home(self.modules[function.module], converter)
        return home is None or f"{own}.from_dict" not in home.functions

    def _same_named(self, short: str) -> Iterator[Function]:
        """Yield all methods of a name: any of them may stand behind a protocol."""
        for module in self.modules.values():
            for method in module.functions.values():
                if method.owner and method.name.rpartition(".")[2] == short:
                    yield method

    def _lineage(self, module: Module, name: str) -> Iterator[tuple[Module, str]]:
        if name not in module.classes:
            return
        yield module, name
        for base in sorted(module.classes[name]):
            home, own = self._home(module, base)
            if home is not None:
                yield from self._lineage(home, own)

    def _home(self, module: Module, name: str) -> tuple[Module | None, str]:
        """Return the module where a name is defined, and its name there."""
        if name in module.functions or name in module.classes:
            return module, name
        origin, own = module.imports.get(name, ("", ""))
        return self.modules.get(origin), own


def uses(function: Function, owner: str, attribute: str) -> bool:
    """Tell whether a function uses a method of a class that it knows."""
    variables = {name for name, found in function.explicit if found == attribute}
    if variables & {"self", "cls", owner}:
        return True
    if any(owner in function.typed.get(name, ()) for name in variables):
        return True
    is_own = function.owner == owner and not attribute.startswith("_")
    is_unclear = attribute in function.loose or any(v not in function.typed for v in variables)
    return is_unclear and attribute not in AMBIGUOUS and not is_own


def module_files(folder: Path, package: str) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*.py")):
        parts = [package, *path.relative_to(folder).with_suffix("").parts]
        yield path, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def exported(path: Path) -> set[str]:
    """Return the names in a package's `__all__`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            found |= set(texts(node))
    return found
