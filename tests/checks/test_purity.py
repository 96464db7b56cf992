"""A check asks and does nothing else: no I/O, no clock, no state."""

from pathlib import Path

import pytest

from iotscan.assess.purity import find_impurities
from iotscan.shipped import shipped


@pytest.mark.parametrize("path", sorted(shipped("checks").glob("**/*.py")), ids=lambda p: p.stem)
def test_check_only_asks(path: Path):
    assert find_impurities(path.read_text()) == ()


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
        "def f(x): return getattr(x, 'y')",
        "from datetime import datetime\ndef f(): return datetime.now()",
        "SEEN = []",
        "SEEN = set()",
        "SEEN: list[str] = [x for x in 'ab']",
        "SEEN = {}\ndef f(x): SEEN[x] = 1",
        "SEEN = {}\ndef f(x): SEEN.update(x)",
        "def f(x): return x.__class__.__subclasses__()",
        "N = 0\ndef f():\n    global N\n    N = 1",
    ],
)
def test_impurities_are_seen(source: str):
    assert find_impurities(source)


def test_a_table_is_no_state():
    source = "from iotscan.sdk import good\nFLAGS = {'a': 1}\ndef f(x):\n    y = []\n    y.append(FLAGS[x])"
    assert find_impurities(source) == ()
