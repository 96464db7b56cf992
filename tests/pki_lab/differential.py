"""``python -m tests.pki_lab.differential``: our verdicts beside other tools', and docs/certificate-differential.md.

Takes half a minute; ``--tools iotscan`` asks only ours again, ``--tools`` alone only writes the document.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import iotscan
from tests.pki_lab.peers import gnutls, openssl, ours, sslyze
from tests.pki_lab.peers.cases import Case, Verdicts, cases
from tests.pki_lab.peers.page import PAGE, page
from tests.pki_lab.peers.results import EXPLANATIONS, OURS, PEERS, RESULTS
from tests.pki_lab.pki import Pki
from tests.pki_lab.serving import Shown, nginx
from tests.tls_lab.peers.results import Results, Unexplained, read_explanations, read_results, write_results

Tool = Callable[[Pki, dict[str, Case]], dict[str, Verdicts]]
_VERSIONS: dict[str, Callable[[], str]] = {
    OURS: lambda: iotscan.__version__,
    "openssl": openssl.version,
    "openssl -x509_strict": openssl.version,
    "gnutls": gnutls.version,
    "sslyze": sslyze.version,
}


def _sslyze(pki: Pki, asked: dict[str, Case]) -> dict[str, Verdicts]:
    shown = {
        name: Shown(leaf=case.leaf, staple=case.response, version="TLSv1.2 TLSv1.3")
        for name, case in asked.items()
        if not case.lists
    }
    with tempfile.TemporaryDirectory() as folder, nginx(shown, Path(folder)) as ports:
        said = sslyze.ask(ports, pki.store)
    return {name: _only(case, said.get(name, {})) for name, case in asked.items()}


def _only(case: Case, said: Verdicts) -> Verdicts:
    return {q: a for q, a in said.items() if (q == "status") == case.is_about_status}


_TOOLS: dict[str, Tool] = {
    OURS: lambda pki, asked: ours.ask_all(pki, asked),
    "openssl": lambda pki, asked: {name: openssl.ask(case) for name, case in asked.items()},
    "openssl -x509_strict": lambda pki, asked: {name: openssl.ask_strictly(case) for name, case in asked.items()},
    "gnutls": lambda pki, asked: {name: gnutls.ask(case) for name, case in asked.items()},
    "sslyze": _sslyze,
}


def ask_all(stored: Results, tools: list[str]) -> Results:
    """Make a lab and ask the tools, one after the other, of every case."""
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki(Path(folder))
        asked = dict(cases(pki))
        said = {tool: _TOOLS[tool](pki, asked) for tool in tools}
    kept = {name: dict(stored.servers.get(name, {})) | {t: said[t][name] for t in tools} for name in asked}
    today = datetime.now(UTC).date().isoformat()
    return Results(
        tools=stored.tools | {tool: _VERSIONS[tool]() for tool in tools},
        made=stored.made | dict.fromkeys(tools, today),
        servers=kept,
    )


def written(results: Results) -> str:
    """The document as it has to be. Raises Unexplained."""
    return page(results, read_explanations(EXPLANATIONS))


def main() -> int:
    """Ask, keep, write; 1 when a difference is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", nargs="*", choices=(OURS, *PEERS), default=[OURS, *PEERS])
    tools = parser.parse_args().tools
    results = read_results(RESULTS) if RESULTS.exists() else Results(tools={}, made={}, servers={})
    if tools:
        results = ask_all(results, tools)
        write_results(results, RESULTS)
    try:
        PAGE.write_text(written(results))
    except Unexplained as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
