"""``python -m tests.ssh_lab.differential``: our verdicts beside ssh-audit's, and docs/ssh-differential.md.

Takes a minute; ``--tools iotscan`` asks only ours again, ``--tools`` alone only writes the document.
"""

import argparse
import sys
import tempfile
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import iotscan
from tests.observe.network.daemons import HOST
from tests.ssh_lab import asking
from tests.ssh_lab.peers import ours, ssh_audit
from tests.ssh_lab.peers.page import PAGE, page
from tests.ssh_lab.peers.results import (
    OURS,
    PEER,
    Results,
    Unexplained,
    read_explanations,
    read_results,
    write_results,
)
from tests.ssh_lab.running import lacking, started
from tests.ssh_lab.truth import Truth, read_truth, truth_files
from tests.ssh_lab.workshop import furnish

_TOOLS = {
    OURS: lambda port: ours.verdicts(asking.ask(port)),
    PEER: lambda port: ssh_audit.ask(HOST, port),
}
_VERSIONS = {OURS: lambda: iotscan.__version__, PEER: ssh_audit.version}


def truths() -> dict[str, Truth]:
    """All servers of the lab."""
    return {path.stem: read_truth(path) for path in truth_files()}


def ask_all(stored: Results, tools: list[str], only: Collection[str], names: Mapping[str, str]) -> Results:
    """Start every server and let the tools loose on it, one after the other."""
    servers = {}
    for name, truth in truths().items():
        said = dict(stored.servers.get(name, {}))
        if name in only and (missing := lacking(truth.needs)):
            sys.exit(f"{name}: {missing}")
        for tool in tools if name in only else ():
            # A server of its own for each, so that nobody meets what another one left behind.
            with started(truth, names) as server:
                said[tool] = _TOOLS[tool](server.port)
        servers[name] = said
    today = datetime.now(UTC).date().isoformat()
    return Results(
        tools=stored.tools | {tool: _VERSIONS[tool]() for tool in tools},
        made=stored.made | dict.fromkeys(tools, today),
        servers=servers,
    )


def written(results: Results) -> str:
    """The document as it has to be. Raises Unexplained."""
    return page(results, read_explanations(), truths())


def main() -> int:
    """Ask, keep, write; 1 when a difference is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", nargs="*", choices=(OURS, PEER), default=[OURS, PEER])
    parser.add_argument("--servers", nargs="+", choices=sorted(truths()), default=sorted(truths()))
    given = parser.parse_args()
    results = read_results()
    if given.tools:
        with tempfile.TemporaryDirectory() as folder:
            names = furnish(Path(folder), keygen="ssh-keygen", dropbearkey="dropbearkey")
            results = ask_all(results, given.tools, given.servers, names)
        write_results(results)
    try:
        PAGE.write_text(written(results))
    except Unexplained as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
