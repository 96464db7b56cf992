"""What both tools said of all servers, kept as a file, and where they differ."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from iotscan.data import strict_yaml
from tests.ssh_lab.peers.verdicts import Verdicts, differ, shared

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
EXPLANATIONS = HERE / "explanations.yaml"
OURS, PEER = "iotscan", "ssh-audit"


class Results(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per tool its version and the day it was ``made``; of each server, tool by tool, thing -> verdict."""

    tools: dict[str, str]
    made: dict[str, str]
    servers: dict[str, dict[str, Verdicts]]


class Difference(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing that is judged otherwise."""

    thing: str
    server: str
    ours: str
    theirs: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a thing is judged otherwise. A difference belongs to the first explanation that covers it."""

    right: Literal["iotscan", "both", "other"]
    """Who is right; ``both`` where they answer different questions, or weigh the same otherwise."""
    why: str
    things: tuple[str, ...]
    """Globs."""
    servers: tuple[str, ...] = ("*",)

    def covers(self, found: Difference) -> bool:
        """Whether it explains a difference."""
        return any(fnmatchcase(found.thing, t) for t in self.things) and any(
            fnmatchcase(found.server, s) for s in self.servers
        )

    def idle(self, own: Sequence[Difference]) -> Iterator[str]:
        """Every glob that it names in vain."""
        for glob in self.things:
            if not any(fnmatchcase(difference.thing, glob) for difference in own):
                yield f"{glob!r} of: {self.why}"
        for glob in self.servers:
            if not any(fnmatchcase(difference.server, glob) for difference in own):
                yield f"{glob!r} of: {self.why}"


class Unexplained(Exception):
    """Differences without an explanation, and explanations without a difference: one a line."""


def read_results(path: Path = RESULTS) -> Results:
    """The stored answers."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def write_results(results: Results, path: Path = RESULTS) -> None:
    """Keep them, in an order that a diff can be read in."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results, order="sorted"), indent=1) + b"\n")


def read_explanations(path: Path = EXPLANATIONS) -> tuple[Explanation, ...]:
    """The explanations, kept by hand."""
    return msgspec.convert(strict_yaml.load(path), tuple[Explanation, ...])


def differences(results: Results) -> Iterator[Difference]:
    """Every thing that both judge, and otherwise."""
    for server, said in sorted(results.servers.items()):
        ours, theirs = said[OURS], said[PEER]
        for thing in shared(ours, theirs):
            if differ(thing, ours[thing], theirs[thing]):
                yield Difference(thing=thing, server=server, ours=ours[thing], theirs=theirs[thing])


def explained(results: Results, explanations: Sequence[Explanation]) -> dict[int, list[Difference]]:
    """Number of an explanation, from 0 -> its differences. Raises Unexplained."""
    found: dict[int, list[Difference]] = {number: [] for number in range(len(explanations))}
    problems = []
    for difference in differences(results):
        number = next((n for n, e in enumerate(explanations) if e.covers(difference)), None)
        if number is None:
            problems.append(f"unexplained: {difference}")
        else:
            found[number].append(difference)
    for number, explanation in enumerate(explanations):
        problems += [f"explains nothing any more: {name}" for name in explanation.idle(found[number])]
    if problems:
        raise Unexplained("\n".join(problems))
    return found
