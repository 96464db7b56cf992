"""What is true of a scene, as its file says, and whether what was understood is that and nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from iotscan.observe.traffic.conversation import Item
from tests.traffic_lab.understanding import Heard

FOLDER = Path(__file__).parent / "truth"


def truth_of(name: str) -> dict[str, list[dict[str, Any]]]:
    """Kinds of things to the things themselves; each names the fields that count, or that it ``may_be_missing``."""
    found: dict[str, list[dict[str, Any]]] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def compare(heard: Heard, truth: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What was not understood, and what was said of which the file says nothing."""
    wrong = []
    for kind, expected in truth.items():
        got = [said.item for said in heard.all if type(said.item).__name__ == kind]
        left = list(got)
        for each in expected:
            named = {name: value for name, value in each.items() if name != "may_be_missing"}
            fits = [item for item in left if _fits(item, named)]
            if not fits and not each.get("may_be_missing"):
                wrong.append(f"{kind} is missing: {each}")
            left = [item for item in left if item not in fits]
        wrong += [f"{kind} is not true: {_short(item)}" for item in left]
    known = set(truth)
    others = {type(said.item).__name__ for said in heard.all} - known
    wrong += [f"of {kind} the file says nothing" for kind in sorted(others)]
    return wrong


def _fits(item: Item, expected: dict[str, Any]) -> bool:
    built = msgspec.to_builtins(item)
    values = {name: built.get(name, getattr(item, name)) for name in expected}
    return all(_plain(values[name]) == value for name, value in expected.items())


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _short(item: Item) -> str:
    left_out = ("role", "peer", "transport", "port", "count", "first", "last", "period")
    return str({k: v for k, v in msgspec.to_builtins(item).items() if k not in left_out})
