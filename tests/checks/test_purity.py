"""A check asks and does nothing else: no I/O, no clock, no state. Read off its syntax tree."""

import ast
from pathlib import Path

import pytest

from iotscan.shipped import shipped

FILES = sorted(shipped("checks").glob("**/*.py"))
ALLOWED = {"iotscan.sdk", "datetime", "re", "ipaddress", "math", "collections", "collections.abc", "itertools",
           "functools", "typing"}  # fmt: skip
FORBIDDEN_NAMES = {"open", "eval", "exec", "print", "input", "compile", "globals", "breakpoint", "__import__",
                   "setattr", "delattr", "vars"}  # fmt: skip
CLOCKS = {"now", "utcnow", "today"}
MUTABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def offences(source: str) -> list[str]:
    tree = ast.parse(source)
    found = [f"line {line}: {what}" for node in ast.walk(tree) for line, what in _offences_at(node)]
    changed = _changed_names(tree)
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = {t.id for t in targets if isinstance(t, ast.Name)}
            # A dict that is only read is a table; a list, a set or what something writes to is state.
            if isinstance(statement.value, MUTABLE) and not isinstance(statement.value, ast.Dict | ast.DictComp):
                found.append(f"line {statement.lineno}: mutable module-level value")
            if isinstance(statement.value, ast.Call) and _called(statement.value) in ("list", "dict", "set"):
                found.append(f"line {statement.lineno}: mutable module-level value")
            if names & changed:
                found.append(f"line {statement.lineno}: module-level value is changed later")
    return found


def _offences_at(node: ast.AST) -> list[tuple[int, str]]:
    if isinstance(node, ast.Import):
        return [(node.lineno, f"imports {a.name}") for a in node.names if a.name not in ALLOWED]
    if isinstance(node, ast.ImportFrom):
        name = "." * node.level + (node.module or "")
        return [(node.lineno, f"imports {name}")] if name not in ALLOWED else []
    if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
        return [(node.lineno, f"uses {node.id}")]
    if isinstance(node, ast.Attribute) and (node.attr in CLOCKS or node.attr.startswith("__")):
        return [(node.lineno, f"uses .{node.attr}")]
    if isinstance(node, ast.Global | ast.Nonlocal):
        return [(node.lineno, "global or nonlocal")]
    return []


def _changed_names(tree: ast.Module) -> set[str]:
    changed: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            changed |= {node.value.id} if isinstance(node.value, ast.Name) else set()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_change = node.func.attr in ("update", "append", "add", "pop", "clear", "setdefault", "extend", "remove")
            changed |= {node.func.value.id} if is_change and isinstance(node.func.value, ast.Name) else set()
    return changed


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_check_only_asks(path: Path):
    assert offences(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from iotscan.wire import tls",
        "from pathlib import Path",
        "from . import other",
        "def f(x): return open(x)",
        "def f(x): return eval(x)",
        "def f(): print(1)",
        "def f(): return __import__('os')",
        "from datetime import datetime\ndef f(): return datetime.now()",
        "SEEN = []",
        "SEEN = set()",
        "SEEN = {}\ndef f(x): SEEN[x] = 1",
        "SEEN = {}\ndef f(x): SEEN.update(x)",
        "def f(x): return x.__class__.__subclasses__()",
        "N = 0\ndef f():\n    global N\n    N = 1",
    ],
)
def test_offences_are_seen(source: str):
    assert offences(source)


def test_a_table_is_no_state():
    assert (
        offences("from iotscan.sdk import good\nFLAGS = {'a': 1}\ndef f(x):\n    y = []\n    y.append(FLAGS[x])") == []
    )
