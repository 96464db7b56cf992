"""The command beside a finding, run against the service that the fact was seen on."""

import subprocess

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import read_file
from iotscan.model.facts import AnyFact
from iotscan.model.subject import Subject
from iotscan.shipped import shipped
from tests.observe.network.daemons import HOST


def verdicts(check: str, fact: AnyFact, port: int) -> tuple[Verdict, ...]:
    """What a check (``keys/data_store_access``) says of a fact of a TCP service on loopback."""
    found = read_file(shipped("checks") / f"{check}.py", "iotscan")
    said = found.question(fact, Target(subject=Subject(device="d", address=HOST, service=f"tcp/{port}")))
    return (said,) if isinstance(said, Verdict) else tuple(said)


def output(command: str) -> str:
    """What a shell line prints, standard error included."""
    ended = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return ended.stdout.decode(errors="replace")


def is_shown(verdict: Verdict) -> bool:
    """Whether the command of a bad verdict prints what it says that it shows."""
    assert verdict.kind == "bad"
    assert verdict.reproduce
    assert verdict.shows
    return verdict.shows in output(verdict.reproduce)
