"""docs/ssh-differential.md, from the stored answers and the explanations."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.ssh_lab.peers.results import OURS, PEER, Difference, Explanation, Results, explained
from tests.ssh_lab.peers.verdicts import FAMILIES, QUESTIONS, is_bad, shared
from tests.ssh_lab.truth import Truth

PAGE = Path(__file__).parents[3] / "docs" / "ssh-differential.md"
_RIGHT = {
    "iotscan": "iotscan is right",
    "both": "both are right, and weigh it otherwise",
    "other": "ssh-audit is right",
}
_INTRODUCTION = """# SSH verdicts side by side

What iotscan says of every server of the [SSH lab](../tests/ssh_lab/README.md), beside ssh-audit.

Written by `python -m tests.ssh_lab.differential`; do not edit. The command starts each server anew for each tool, asks
it, keeps the answers in `tests/ssh_lab/peers/results.json` and writes this page; `--tools iotscan` asks only ours, and
`--tools` nobody. A difference that `tests/ssh_lab/peers/explanations.yaml` does not explain makes the command fail, and
so does an explanation that explains nothing. The tests run no other tool: they hold this page against the stored
answers, and (`test_truth.py`) our answers against what is true of the servers.

**How it is compared.** Each name that a server offers is one answer: ssh-audit's *fail* and *warn*, and our *broken*,
*weak* and *dated* (high, medium and low) all say that it should go; *short* is a name whose key or group is too short.
Two answers differ where one says so and the other does not. A name that a tool does not know is *unknown* to it.

"""
_ONLY = """## What only one of them asks

iotscan: strict key exchange (Terrapin), lists of both directions, certificates of host keys, and whether they hold,
proof that the server holds the keys that it shows, kinds of host key that are offered and not held, ways to log in,
servers that let in whoever asks, SSH 1 by itself, the age of the server with what its distribution says.

ssh-audit (this version): flaws by version number (see above), fingerprints in its output, what a client offers
(`--client-audit`), recommendations by name.
"""


def page(results: Results, explanations: Sequence[Explanation], truths: Mapping[str, Truth]) -> str:
    """The document. Raises Unexplained."""
    found = explained(results, explanations)
    parts = [_INTRODUCTION + _tools(results), _agreement(results, explanations, found), _reasons(explanations, found)]
    return "\n".join([*parts, _ONLY, _things(results, found), _servers(results, truths)])


def _tools(results: Results) -> str:
    rows = [(tool, results.tools[tool], results.made[tool]) for tool in (OURS, PEER)]
    return "## Tools\n\n" + _table(("tool", "version", "run on"), rows)


def _agreement(results: Results, explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    rows = []
    for server, said in sorted(results.servers.items()):
        answers = len(shared(said[OURS], said[PEER]))
        by = [
            sum(d.server == server for n, these in found.items() if explanations[n].right == right for d in these)
            for right in _RIGHT
        ]
        rows.append((f"`{server}`", str(answers), str(answers - sum(by)), *map(str, by)))
    totals = [str(sum(int(row[column]) for row in rows)) for column in range(1, len(_RIGHT) + 3)]
    heads = ("server", "answers of both", "same", *_RIGHT.values())
    return "## Agreement\n\n" + _table(heads, [*rows, ("**all**", *totals)])


def _reasons(explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    lines = ["## Differences\n"]
    for number, explanation in enumerate(explanations):
        things = ", ".join(f"`{thing}`" for thing in sorted({d.thing for d in found[number]}))
        why = " ".join(explanation.why.split())
        lines.append(f"{number + 1}. **{_RIGHT[explanation.right]}.** {why} ({things}; {len(found[number])})")
    return "\n".join([*lines, ""])


def _things(results: Results, found: Mapping[int, Sequence[Difference]]) -> str:
    notes = {(d.thing, d.server): number + 1 for number, these in found.items() for d in these}
    lines = ["## Verdicts\n"]
    for family in FAMILIES:
        rows: dict[tuple[str, str, str, int | None], list[str]] = {}
        for server, said in sorted(results.servers.items()):
            for thing in shared(said[OURS], said[PEER]):
                if thing.startswith(f"{family} ") and (is_bad(said[OURS][thing]) or is_bad(said[PEER][thing])):
                    note = notes.get((thing, server))
                    key = (thing.removeprefix(f"{family} "), said[OURS][thing], said[PEER][thing], note)
                    rows.setdefault(key, []).append(f"`{server}`")
        table = [
            (f"`{name}`", ours, f"**{theirs}** ({note})" if note else theirs, ", ".join(servers))
            for (name, ours, theirs, note), servers in sorted(rows.items(), key=lambda row: row[0][:3])
        ]
        lines += [f"### {family.capitalize()}\n", _table(("name", OURS, PEER, "servers"), table)]
    for question in QUESTIONS:
        lines += [f"### {question[0].upper()}{question[1:]}\n", _question(results, question, notes)]
    return "\n".join(lines)


def _question(results: Results, question: str, notes: Mapping[tuple[str, str], int]) -> str:
    rows = []
    for server, said in sorted(results.servers.items()):
        ours, theirs = said[OURS].get(question, "–"), said[PEER].get(question, "–")
        note = notes.get((question, server))
        if (ours, theirs) != ("–", "–"):
            rows.append((f"`{server}`", ours, f"**{theirs}** ({note})" if note else theirs))
    return _table(("server", OURS, PEER), rows)


def _servers(results: Results, truths: Mapping[str, Truth]) -> str:
    rows = [
        (f"`{name}`", truths[name].title, ", ".join(f"`{f}`" for f in truths[name].findings) or "none")
        for name in sorted(results.servers)
    ]
    return "## Servers\n\n" + _table(("server", "what it is", "our findings"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
