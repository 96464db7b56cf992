"""What all tools said of all cases, kept as a file, and where they differ from us."""

from collections.abc import Iterator
from pathlib import Path

from tests.pki_lab.peers.cases import QUESTIONS
from tests.tls_lab.peers.results import Difference, Results

HERE = Path(__file__).parent
RESULTS, EXPLANATIONS = HERE / "results.json", HERE / "explanations.yaml"
OURS = "iotscan"
PEERS = ("openssl", "openssl -x509_strict", "gnutls", "sslyze")


def differences(results: Results) -> Iterator[Difference]:
    """Every question that a tool answers and answers otherwise."""
    for case, said in sorted(results.servers.items()):
        for tool in PEERS:
            for question in QUESTIONS:
                ours, theirs = said[OURS].get(question), said.get(tool, {}).get(question)
                if ours is not None and theirs is not None and theirs != ours:
                    yield Difference(tool=tool, question=question, server=case, ours=ours, theirs=theirs)
