"""``python -m tests.tls_lab.differential``: our verdicts beside other engines', and docs/tls-differential.md.

Takes some forty minutes; ``--tools iotscan`` asks only ours again, ``--tools`` alone only writes the document.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import iotscan
from iotscan.model.facts.tls import TlsEndpoint
from tests.tls_lab import asking
from tests.tls_lab.peers import ours, sslscan, sslyze, testssl
from tests.tls_lab.peers.page import PAGE, page
from tests.tls_lab.peers.results import (
    OURS,
    PEERS,
    Results,
    Unexplained,
    read_explanations,
    read_results,
    write_results,
)
from tests.tls_lab.peers.verdicts import Verdicts
from tests.tls_lab.programs.listening import HOST
from tests.tls_lab.running import lacking, running
from tests.tls_lab.truth import Truth, read_truth, truth_files
from tests.tls_lab.workshop import furnish

Tool = Callable[[Truth, int], Verdicts]
_VERSIONS = {OURS: lambda: iotscan.__version__, "sslyze": sslyze.version, "sslscan": sslscan.version} | {
    "testssl": testssl.version
}


def stream_servers() -> dict[str, Truth]:
    """Those that the other engines can reach: none of them speaks DTLS."""
    truths = {path.stem: read_truth(path) for path in truth_files()}
    return {name: truth for name, truth in truths.items() if truth.transport == "tcp"}


def _ours(truth: Truth, port: int) -> Verdicts:
    facts = asking.ask(truth, port, asking.EVERYTHING).facts
    return ours.verdicts(next((f for f in facts if isinstance(f, TlsEndpoint)), None))


_TOOLS: Mapping[str, Tool] = {
    OURS: _ours,
    "sslyze": lambda truth, port: sslyze.ask(HOST, port, truth.opening),
    "sslscan": lambda truth, port: sslscan.ask(HOST, port, truth.opening),
    "testssl": lambda truth, port: testssl.ask(HOST, port, truth.opening),
}


def ask_all(stored: Results, tools: list[str], only: Collection[str], names: Mapping[str, str]) -> Results:
    """Start every server and let the tools loose on it, one after the other."""
    servers = {}
    for name, truth in stream_servers().items():
        said = dict(stored.servers.get(name, {}))
        if name in only and (missing := lacking(truth.needs)):
            sys.exit(f"{name}: {missing}")
        for tool in tools if name in only else ():
            # A server of its own for each, so that nobody meets what another one left behind.
            with running(truth, names) as server:
                said[tool] = _TOOLS[tool](truth, server.port)
        servers[name] = said
    today = datetime.now(UTC).date().isoformat()
    return Results(
        tools=stored.tools | {tool: _VERSIONS[tool]() for tool in tools},
        made=stored.made | dict.fromkeys(tools, today),
        servers=servers,
    )


def written(results: Results) -> str:
    """The document as it has to be. Raises Unexplained."""
    return page(results, read_explanations(), {name: truth.title for name, truth in stream_servers().items()})


def main() -> int:
    """Ask, keep, write; 1 when a difference is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", nargs="*", choices=(OURS, *PEERS), default=[OURS, *PEERS])
    parser.add_argument("--servers", nargs="+", choices=sorted(stream_servers()), default=sorted(stream_servers()))
    given = parser.parse_args()
    tools = given.tools
    results = read_results()
    if tools:
        with tempfile.TemporaryDirectory() as folder:
            results = ask_all(results, tools, given.servers, furnish(Path(folder)))
        write_results(results)
    try:
        PAGE.write_text(written(results))
    except Unexplained as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
