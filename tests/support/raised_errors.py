"""Which errors a view can raise, read from the source: its own, and those of what it calls, through all layers.

Followed are calls of functions, of modules (`tweets.get`), of services (`current.services().publishing.create`), and
of a class's own methods and parts (`self._tokens.renew`). Other calls are not seen. What reading the input raises is
left out: the document adds that by itself.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.test_error_documents import texts
from twitter_manager.api.http.errors import STATUSES

__all__ = ["errors_raised_by", "reached_from"]

PACKAGE = Path(__file__).resolve().parents[2] / "twitter_manager"
KINDS = {kind.__name__: status for kind, status in STATUSES.items()}


@dataclass
class Module:
    """A module's functions ('f', 'Class.f'), what it imports, and the types of its classes' parts ('Class.part')."""

    name: str
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE.parent).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        found[name] = _module(name, ast.parse(path.read_text(encoding="utf-8")))
    return found


def _module(name: str, tree: ast.Module) -> Module:
    module = Module(name)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.FunctionDef):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            _add_class(module, node)
    return module


def _add_class(module: Module, node: ast.ClassDef) -> None:
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            module.functions[f"{node.name}.{each.name}"] = each
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            module.parts[f"{node.name}.{each.target.id}"] = ast.unparse(each.annotation)
    init = module.functions.get(f"{node.name}.__init__")
    if init is None:
        return
    types = {
        argument.arg: ast.unparse(argument.annotation)
        for argument in [*init.args.args, *init.args.kwonlyargs]
        if argument.annotation is not None
    }
    for each in ast.walk(init):
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Name) and each.value.id in types:
            target = each.targets[0]
            if isinstance(target, ast.Attribute):
                module.parts[f"{node.name}.{target.attr}"] = types[each.value.id]


def errors_raised_by(module: str, function: str) -> set[tuple[int, str]]:
    """(status, code) of every error that the function can raise."""
    return {error for node in reached_from(module, function) for error in _own(node)}


@cache
def reached_from(module: str, function: str) -> list[ast.FunctionDef]:
    """The function and every function that it calls, but those that read the input."""
    found: dict[tuple[str, str], ast.FunctionDef] = {}
    todo = [(module, function)]
    while todo:
        target = todo.pop()
        if target not in found and target[0] != "twitter_manager.api.http.inputs":
            found[target] = modules()[target[0]].functions[target[1]]
            todo += _called(modules()[target[0]], target[1], found[target])
    return list(found.values())


def _own(node: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    assigned = {
        target.id: each.value
        for each in ast.walk(node)
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name)
    }
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in KINDS and each.args:
            for code in texts(each.args[0], assigned):
                yield KINDS[each.func.id], code


def _called(module: Module, function: str, node: ast.FunctionDef) -> list[tuple[str, str]]:
    owner = function.rpartition(".")[0]
    names = {
        each.targets[0].id: ast.unparse(each.value)
        for each in ast.walk(node)
        if isinstance(each, ast.Assign)
        and isinstance(each.targets[0], ast.Name)
        and isinstance(each.value, ast.Attribute)
    }
    found = []
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            first, _, rest = ast.unparse(each.func).partition(".")
            words = f"{names.get(first, first)}.{rest}" if rest else first
            target = _resolved(module, owner, words.replace("current.services()", "services"))
            if target is not None:
                found.append(target)
    return found


def _resolved(module: Module, owner: str, called: str) -> tuple[str, str] | None:
    """Module and name of the function that is called by this expression."""
    first, _, rest = called.partition(".")
    if first == "self":
        return _of_part(module, owner, rest)
    if first == "services" and rest.count(".") == 1:
        return _of_part(modules()["twitter_manager.services"], "Services", rest)
    if called in module.functions:
        return module.name, called
    target = module.imports.get(first)
    if target is None:
        return None
    home, name = (target, rest) if target in modules() else target.rsplit(".", 1)
    known = modules().get(home)
    return (home, name) if known is not None and name in known.functions else None


def _of_part(module: Module, owner: str, words: str) -> tuple[str, str] | None:
    """`self.words`: a method of the class itself, or of one of its parts."""
    part, _, method = words.partition(".")
    if not method:
        return (module.name, f"{owner}.{part}") if f"{owner}.{part}" in module.functions else None
    kind = module.parts.get(f"{owner}.{part}", "")
    home = module.imports.get(kind, "").rpartition(".")[0]
    known = modules().get(home)
    return (home, f"{kind}.{method}") if known is not None and f"{kind}.{method}" in known.functions else None
