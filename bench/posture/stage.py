"""The LAN that all are measured on, fresh for each: what one of them has locked must not be another's loss."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.posture.misbehaving import DOZEN
from tests.lan.network import Lan, poll
from tests.questions.lan import PREFIX, QuestionLan

_FIRST = 220
"""The last number of the address of the first device that misbehaves."""


@contextmanager
def stage(folder: Path, *, misbehaving: bool = False) -> Iterator[QuestionLan]:
    """The LAN, its daemons ready, with a dozen misbehaving devices where they are asked for."""
    folder.mkdir(parents=True)
    with Lan(folder) as lan:
        made = QuestionLan(lan)
        if misbehaving:
            for number, name in enumerate(DOZEN, _FIRST):
                _add(lan, name, f"{PREFIX}.{number}")
        yield made


def _add(lan: Lan, name: str, address: str) -> None:
    machine = lan.join(name, address, mac=f"00:40:8c:00:04:{int(address.rpartition('.')[2]):02x}")
    root = str(Path(__file__).parents[2])
    machine.start("env", f"PYTHONPATH={root}", sys.executable, "-m", "bench.posture.misbehaving", name, address)
    poll(f"{name} listens", lambda: "LISTEN" in machine.run("ss", "-ltn").stdout)
