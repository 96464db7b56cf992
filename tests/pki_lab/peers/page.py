"""docs/certificate-differential.md, from the stored answers and the explanations."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.pki_lab.peers.cases import QUESTIONS
from tests.pki_lab.peers.results import OURS, PEERS, differences
from tests.tls_lab.peers.results import Difference, Explanation, Results, sorted_out

PAGE = Path(__file__).parents[3] / "docs" / "certificate-differential.md"
_NAMES = {
    "iotscan": "iotscan",
    "openssl": "OpenSSL",
    "openssl -x509_strict": "OpenSSL, strict",
    "gnutls": "GnuTLS",
    "sslyze": "sslyze",
}
_RIGHT = {
    "iotscan": "iotscan is right",
    "both": "both are right, and answer different questions",
    "other": "the other is right",
    "nobody": "neither sees what is there",
}
_INTRODUCTION = """# Certificate verdicts side by side

What iotscan says of every chain of the [PKI lab](../tests/pki_lab/README.md), and of the lists and responses that are
given beside one, next to `openssl verify` (for a TLS server, at the security level of Debian's clients; and once more
with `-x509_strict`), `openssl ocsp`, GnuTLS (`certtool --verify`, `ocsptool --verify-response`) and sslyze's
`certificate_info` of the same chains in nginx. All have the lab's roots and no others that matter.

Written by `python -m tests.pki_lab.differential`; do not edit. The command makes a lab, asks every tool, keeps the
answers in `tests/pki_lab/peers/results.json` and writes this page; `--tools iotscan openssl` asks only those, `--tools`
asks nobody. A difference that `tests/pki_lab/peers/explanations.yaml` does not explain makes the command fail, and so
does an explanation that names a tool, a question or a case in vain. The tests run no other tool: they hold this page
against the stored answers, and iotscan's column against what it says today.

**How to read the tables.** A number leads to the [explanation](#differences) of an answer that differs from ours. A
dash: the tool does not ask this, or could not. What every case is: `tests/pki_lab/recipes.py` (certificates),
`crls.py`, `ocsp.py` and `truth/` (what is given beside).
"""


def page(results: Results, explanations: Sequence[Explanation]) -> str:
    """The document. Raises Unexplained."""
    found = sorted_out(differences(results), tuple(explanations))
    notes = {difference: number + 1 for number, these in found.items() for difference in these}
    parts = [_INTRODUCTION, _tools(results), _agreement(results, explanations, found), _reasons(explanations, found)]
    return "\n".join([*parts, "## Verdicts\n", *(_question(results, question, notes) for question in QUESTIONS)])


def _tools(results: Results) -> str:
    rows = [(_NAMES[tool], results.tools[tool], results.made[tool]) for tool in (OURS, *PEERS)]
    return "## Tools\n\n" + _table(("tool", "version", "run on"), rows)


def _agreement(results: Results, explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    rows = []
    for tool in PEERS:
        answers = sum(len(said.get(tool, {}).keys() & said[OURS].keys()) for said in results.servers.values())
        by = [
            sum(d.tool == tool for n, these in found.items() if explanations[n].right == right for d in these)
            for right in _RIGHT
        ]
        rows.append((_NAMES[tool], str(answers), str(answers - sum(by)), *map(str, by)))
    return "## Agreement\n\n" + _table(("tool", "answers", "same as ours", *_RIGHT.values()), rows)


def _reasons(explanations: Sequence[Explanation], found: Mapping[int, Sequence[Difference]]) -> str:
    lines = ["## Differences\n"]
    for number, explanation in enumerate(explanations):
        these = found[number]
        tools = ", ".join(_NAMES[t] for t in PEERS if any(d.tool == t for d in these))
        proof = f" *Proof:* {_sentence(explanation.proof)}" if explanation.proof else ""
        why = f"{_sentence(explanation.why)}{proof}"
        lines.append(f"{number + 1}. **{_RIGHT[explanation.right]}.** {why} ({tools}; {len(these)})")
    return "\n".join([*lines, ""])


def _sentence(text: str) -> str:
    return " ".join(text.split())


def _question(results: Results, question: str, notes: Mapping[Difference, int]) -> str:
    tools = [t for t in PEERS if any(question in said.get(t, {}) for said in results.servers.values())]
    rows = [
        (f"`{case}`", said[OURS][question], *(_cell(case, question, said, tool, notes) for tool in tools))
        for case, said in sorted(results.servers.items())
        if question in said[OURS]
    ]
    heads = ("case", *(_NAMES[tool] for tool in (OURS, *tools)))
    return f"### {QUESTIONS[question].capitalize()}\n\n{_table(heads, rows)}"


def _cell(
    case: str, question: str, said: Mapping[str, Mapping[str, str]], tool: str, notes: Mapping[Difference, int]
) -> str:
    theirs, ours = said.get(tool, {}).get(question), said[OURS][question]
    if theirs is None:
        return "–"
    difference = Difference(tool=tool, question=question, server=case, ours=ours, theirs=theirs)
    return theirs if theirs == ours else f"**{theirs}** ({notes[difference]})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
