"""docs/tls-differential.md, from the stored answers and the explanations."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.tls_lab.peers.results import OURS, PEERS, Difference, Explanation, Results, explained
from tests.tls_lab.peers.verdicts import OPEN, QUESTIONS

PAGE = Path(__file__).parents[3] / "docs" / "tls-differential.md"
_NAMES = {"iotscan": "iotscan", "sslyze": "sslyze", "sslscan": "sslscan", "testssl": "testssl.sh"}
_RIGHT = {
    "iotscan": "iotscan is right",
    "both": "both are right, and answer different questions",
    "other": "the other is right",
    "nobody": "neither sees what is there",
}
_INTRODUCTION = """# TLS verdicts side by side

What iotscan says of every stream server of the [truth lab](../tests/tls_lab/README.md), beside sslyze (its full
scanner), sslscan and testssl.sh. The DTLS servers of the lab are not here: none of the three speaks DTLS.

Written by `python -m tests.tls_lab.differential`; do not edit. The command starts each server anew for each tool, asks
it, keeps the answers in `tests/tls_lab/peers/results.json` and writes this page; `--tools iotscan sslyze` asks only
those, `--tools` asks nobody, and `--servers` narrows the servers. testssl.sh needs half an hour for all of them, the
others some minutes. A difference that `tests/tls_lab/peers/explanations.yaml` does not explain makes the command fail,
and so does an explanation that names a tool, a question or a server in vain. The tests run no other tool: they hold
this page against the stored answers, iotscan's column against the truth files, and (`test_truth.py`) the truth files
against the engine and against foreign clients.

**How to read the tables.** A number leads to the [explanation](#differences) of an answer that differs from ours.
*open*: not assessed. A dash: the tool does not ask this, or could not by its own word. The words of the other tools
are translated into ours; where a tool prints a list of suites, the verdict is what follows from its list by the same
rule for all (a broken suite has no forward secrecy, whatever its key exchange).
"""
_KNOWN = """## Where iotscan is wrong, or knows less

- **Extended master secret of `tlslite-sslv3-rc4`**: yes in the default run; where everything is asked the server
  answers the extension in one hello and leaves it out in another, and the question is open.
- Every explanation below that says *the other is right*.

## Answers that change from run to run

sslscan on `wolfssl-default` (no version, or TLS 1.3 only). sslyze on `old-openssl-everything` (in two of three runs one
or more of extended master secret, renegotiation and compression ended in an error; the clean run is kept), and on
`openssl-client-certificate` (minutes instead of seconds; compression sometimes ends in an error, renegotiation always).
Two cores that others used, too, gave all answers here.
"""


def page(results: Results, explanations: Sequence[Explanation], truths: Mapping[str, str]) -> str:
    """The document. ``truths`` are the servers' titles. Raises Unexplained."""
    found = explained(results, tuple(explanations))
    notes = {difference: number + 1 for number, these in found.items() for difference in these}
    parts = [
        _INTRODUCTION,
        _tools(results),
        _agreement(results, explanations, found),
        _KNOWN,
        _reasons(explanations, found),
    ]
    parts += ["## Verdicts\n", *(_question(results, question, notes) for question in QUESTIONS)]
    return "\n".join([*parts, _servers(results, truths)])


def _tools(results: Results) -> str:
    rows = []
    for tool in (OURS, *PEERS):
        asked = [server for server, said in results.servers.items() if tool in said]
        rows.append((_NAMES[tool], results.tools[tool], results.made[tool], f"{len(asked)} of {len(results.servers)}"))
    lines = ["## Tools\n", _table(("tool", "version", "run on", "servers"), rows)]
    for tool in PEERS:
        missing = [f"`{server}`" for server, said in sorted(results.servers.items()) if tool not in said]
        lines += [f"**{_NAMES[tool]} was not run** on {', '.join(missing)}.\n"] if missing else []
    return "\n".join(lines)


def _agreement(results: Results, explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    rows = []
    for tool in PEERS:
        answers = sum(len(said.get(tool, {})) for said in results.servers.values())
        by = [
            sum(d.tool == tool for n, these in found.items() if explanations[n].right == right for d in these)
            for right in _RIGHT
        ]
        rows.append((_NAMES[tool], str(answers), str(answers - sum(by)), *map(str, by)))
    heads = ("tool", "answers", "same as ours", *_RIGHT.values())
    return "## Agreement\n\n" + _table(heads, rows)


def _reasons(explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    lines = ["## Differences\n"]
    for number, explanation in enumerate(explanations):
        these = found[number]
        tools = ", ".join(_NAMES[t] for t in PEERS if any(d.tool == t for d in these))
        questions = ", ".join(text for q, text in QUESTIONS.items() if any(d.question == q for d in these))
        proof = f" *Fourth client:* {explanation.proof.strip()}" if explanation.proof else ""
        said = f"{_sentence(explanation.why)}{proof}"
        lines.append(f"{number + 1}. **{_RIGHT[explanation.right]}.** {said} ({tools}; {questions}; {len(these)})")
    return "\n".join([*lines, ""])


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _question(results: Results, question: str, notes: Mapping[Difference, int]) -> str:
    rows = []
    for server, said in sorted(results.servers.items()):
        cells = [_cell(server, question, said, tool, notes) for tool in PEERS]
        rows.append((f"`{server}`", _word(said[OURS][question]), *cells))
    heads = ("server", *(_NAMES[tool] for tool in (OURS, *PEERS)))
    return f"### {QUESTIONS[question].capitalize()}\n\n{_table(heads, rows)}"


def _cell(
    server: str, question: str, said: Mapping[str, Mapping[str, str]], tool: str, notes: Mapping[Difference, int]
) -> str:
    theirs = said.get(tool, {}).get(question)
    if theirs is None:
        return "–"
    ours = said[OURS][question]
    difference = Difference(tool=tool, question=question, server=server, ours=ours, theirs=theirs)
    return _word(theirs) if theirs == ours else f"**{_word(theirs)}** ({notes[difference]})"


def _word(answer: str) -> str:
    return "*open*" if answer == OPEN else answer


def _servers(results: Results, truths: Mapping[str, str]) -> str:
    return "## Servers\n\n" + _table(("server", "what it is"), [(f"`{s}`", truths[s]) for s in sorted(results.servers)])


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
