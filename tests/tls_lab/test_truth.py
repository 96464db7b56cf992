"""Every server of the lab: foreign clients prove its truth, and our engine says that and nothing else."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.facts.tls import DtlsServer
from tests.tls_lab import differences
from tests.tls_lab.asking import EVERYTHING, PACE, Heard, ask
from tests.tls_lab.differences import Differences
from tests.tls_lab.running import Server, lacking, running
from tests.tls_lab.truth import BadTruth, Truth, read_truth, truth_files


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs, and what was learnt from it: with the default ceiling, and with everything asked."""

    truth: Truth
    server: Server
    once: Heard
    whole: Heard


@pytest.fixture(
    scope="module",
    params=[pytest.param(f, id=f.stem) for f in truth_files()],
)
def met(request: pytest.FixtureRequest, furniture: dict[str, str]) -> Iterator[Meeting]:
    truth = read_truth(request.param)
    if missing := lacking(truth.needs):
        pytest.skip(missing)
    with running(truth, furniture) as server:
        once, whole = ask(truth, server.port, PACE), ask(truth, server.port, EVERYTHING)
        yield Meeting(truth=truth, server=server, once=once, whole=whole)


def test_foreign_clients_see_the_truth(met: Meeting) -> None:
    for proof in met.truth.proof:
        said = met.server.prove(proof)
        assert re.search(proof.shows, said), f"{proof.run} does not show {proof.shows}: {said}"
        assert not proof.lacks or not re.search(proof.lacks, said), f"{proof.run} shows {proof.lacks}: {said}"


def test_our_engine_says_the_truth(met: Meeting) -> None:
    if "endpoint" in met.truth.wrong:
        with pytest.raises(AssertionError, match="nothing was learnt"):
            met.once.endpoint  # noqa: B018  # strict: once something is learnt, this is out of date
        pytest.xfail(met.truth.wrong["endpoint"])
    found = differences.in_the_fact(met.once.endpoint, met.truth)
    for fact in met.once.facts:
        found |= differences.in_dtls(fact, met.truth) if isinstance(fact, DtlsServer) else {}
    found |= differences.in_the_whole(met.whole.endpoint, met.truth)
    found |= differences.between(met.once.endpoint, met.whole.endpoint)
    judge(found, met.truth)


def test_our_checks_find_the_truth(met: Meeting) -> None:
    if "endpoint" in met.truth.wrong:
        pytest.xfail(met.truth.wrong["endpoint"])
    found: Differences = {}
    for policy in ("gateway", "constrained"):
        found |= differences.in_the_results(met.once.results(policy), met.truth, policy)
    judge(found, met.truth)


def judge(found: Differences, truth: Truth) -> None:
    """Fail for each difference that is not known, and for each known one that is there no more."""
    lines = [f"{name}: {what}" for name, what in found.items() if name not in truth.wrong]
    lines += [f"{name}: is right now; take it out of `wrong`" for name in truth.wrong if name not in found]
    assert not lines, "\n".join(lines)
    if truth.wrong:
        pytest.xfail("; ".join(f"{name}: {why}" for name, why in truth.wrong.items()))


def test_a_truth_leaves_nothing_open(tmp_path: Path) -> None:
    text = next(f for f in truth_files() if f.stem == "openssl-default").read_text()
    for change, problem in (
        (("session_tickets, ", ""), "left open: session_tickets"),
        (("versions: [", "versions: [DTLSv1.2, "), "no question: DTLSv1.2"),
        (("values: {", "values: {cbc: 1, "), "said twice: cbc"),
    ):
        path = tmp_path / "truth.yaml"
        path.write_text(text.replace(*change))
        with pytest.raises(BadTruth, match=problem):
            read_truth(path)
