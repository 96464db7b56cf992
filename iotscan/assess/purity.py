"""What a check must not do, read off its syntax tree: I/O, clocks, state, foreign imports.

This keeps honest authors honest; it is no sandbox. A check is code, and is run with the rights of its user.
"""

import ast
from collections.abc import Iterator

ALLOWED_IMPORTS = frozenset(
    {
        "iotscan.sdk",
        "collections",
        "collections.abc",
        "datetime",
        "functools",
        "ipaddress",
        "itertools",
        "math",
        "re",
        "typing",
    }
)
_NAMES = frozenset(
    {
        "__import__",
        "breakpoint",
        "compile",
        "delattr",
        "eval",
        "exec",
        "getattr",
        "globals",
        "input",
        "locals",
        "open",
        "print",
        "setattr",
        "vars",
    }
)
_CLOCKS = frozenset({"now", "utcnow", "today"})
_CHANGERS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
)
_MUTABLE = (ast.List, ast.Set, ast.ListComp, ast.SetComp)


def find_impurities(source: str) -> tuple[str, ...]:
    """What breaks purity in a check's source, each as ``LINE: WHAT``. Raises SyntaxError."""
    tree = ast.parse(source)
    found = {pair for node in ast.walk(tree) for pair in _impurities_of(node)} | set(_state_of(tree))
    return tuple(f"{line}: {what}" for line, what in sorted(found))


def _impurities_of(node: ast.AST) -> Iterator[tuple[int, str]]:
    match node:
        case ast.Import(names=names):
            yield from ((node.lineno, _import(n.name)) for n in names if n.name not in ALLOWED_IMPORTS)
        case ast.ImportFrom(module=module, level=level):
            name = "." * level + (module or "")
            if name not in ALLOWED_IMPORTS:
                yield node.lineno, _import(name)
        case ast.Name(id=name) if name in _NAMES:
            yield node.lineno, f"uses {name}"
        case ast.Attribute(attr=attr) if attr in _CLOCKS:
            yield node.lineno, f"reads a clock with .{attr}: take AsOf"
        case ast.Attribute(attr=attr) if attr.startswith("__"):
            yield node.lineno, f"uses .{attr}"
        case ast.Global() | ast.Nonlocal():
            yield node.lineno, "keeps state: global or nonlocal"
        case _:
            pass


def _state_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Module-level lists, sets, and whatever is written to later. A dict that is only read is a table."""
    changed = {name for node in ast.walk(tree) for name in _changed(node)}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = {t.id for t in targets if isinstance(t, ast.Name)}
        if isinstance(statement.value, _MUTABLE) or _makes_mutable(statement.value):
            yield statement.lineno, "keeps state: use a tuple or a frozenset"
        elif names & changed:
            yield statement.lineno, "keeps state: a module-level value is changed later"


def _changed(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _CHANGERS:
            yield name
        case _:
            pass


def _makes_mutable(value: ast.expr | None) -> bool:
    makers = ("list", "dict", "set", "defaultdict", "Counter", "deque")
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in makers


def _import(name: str) -> str:
    return f"imports {name}: a check imports iotscan.sdk and a little of the standard library"
