"""What all engines said of all servers, kept as a file, and where they differ from us."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from iotscan.data import strict_yaml
from tests.tls_lab.peers.verdicts import QUESTIONS, Verdicts

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
EXPLANATIONS = HERE / "explanations.yaml"
OURS = "iotscan"
PEERS = ("sslyze", "sslscan", "testssl")


class Results(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Per tool its version and the day it was ``made``; of each server, tool by tool, question -> answer."""

    tools: dict[str, str]
    made: dict[str, str]
    servers: dict[str, dict[str, Verdicts]]


class Difference(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One question that a tool answers otherwise than we do."""

    tool: str
    question: str
    server: str
    ours: str
    theirs: str


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an explanation holds: tools x questions x servers; ``ours`` and ``theirs`` are any answers, left empty."""

    tools: tuple[str, ...]
    questions: tuple[str, ...]
    servers: tuple[str, ...]
    ours: str = ""
    theirs: str = ""

    def covers(self, found: Difference) -> bool:
        """Whether a difference lies in it."""
        return (
            found.tool in self.tools
            and found.question in self.questions
            and found.server in self.servers
            and self.ours in ("", found.ours)
            and self.theirs in ("", found.theirs)
        )


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why tools differ from us. A difference belongs to the first explanation that covers it."""

    right: Literal["iotscan", "both", "other", "nobody"]
    """Who is right; ``both`` where they answer different questions in the same words."""
    why: str
    proof: str = ""
    """A fourth client that was asked, and what it said."""
    where: tuple[Place, ...]

    def covers(self, found: Difference) -> bool:
        """Whether it explains a difference."""
        return any(place.covers(found) for place in self.where)

    def idle(self, found: Sequence[Difference]) -> Iterator[str]:
        """Every tool, question and server that it names in vain, of the differences that are its own."""
        for number, place in enumerate(self.where, 1):
            own = [d for d in found if place.covers(d)]
            named = {*place.tools, *place.questions, *place.servers}
            for name in sorted(named - {word for d in own for word in (d.tool, d.question, d.server)}):
                yield f"{name!r} in place {number} of: {self.why}"


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
    """Every question that a tool answers and answers otherwise."""
    for server, said in sorted(results.servers.items()):
        for tool in PEERS:
            for question in QUESTIONS:
                ours, theirs = said[OURS][question], said.get(tool, {}).get(question)
                if theirs is not None and theirs != ours:
                    yield Difference(tool=tool, question=question, server=server, ours=ours, theirs=theirs)


def explained(results: Results, explanations: tuple[Explanation, ...]) -> dict[int, list[Difference]]:
    """Number of an explanation, from 0 -> its differences. Raises Unexplained."""
    return sorted_out(differences(results), explanations)


def sorted_out(every: Iterable[Difference], explanations: tuple[Explanation, ...]) -> dict[int, list[Difference]]:
    """The differences of :func:`explained`, whoever found them. Raises Unexplained."""
    found: dict[int, list[Difference]] = {number: [] for number in range(len(explanations))}
    problems = []
    for difference in every:
        numbers = [n for n, explanation in enumerate(explanations) if explanation.covers(difference)]
        if not numbers:
            problems.append(f"unexplained: {difference}")
        else:
            found[numbers[0]].append(difference)
    for number, these in found.items():
        problems += [f"explains nothing any more: {idle}" for idle in explanations[number].idle(these)]
    if problems:
        raise Unexplained("\n".join(problems))
    return found
