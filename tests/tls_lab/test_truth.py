"""Every server of the lab: foreign clients prove its truth."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.tls_lab.running import Server, lacking, running
from tests.tls_lab.truth import BadTruth, Truth, read_truth, truth_files


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs, and what is true of it."""

    truth: Truth
    server: Server


@pytest.fixture(
    scope="module",
    params=[pytest.param(f, id=f.stem, marks=pytest.mark.xdist_group(f"tls-{f.stem}")) for f in truth_files()],
)
def met(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, furniture: dict[str, str]
) -> Iterator[Meeting]:
    truth = read_truth(request.param)
    if missing := lacking(truth.needs):
        pytest.skip(missing)
    with running(truth, tmp_path_factory.mktemp(request.param.stem), furniture) as server:
        yield Meeting(truth=truth, server=server)


def test_foreign_clients_see_the_truth(met: Meeting) -> None:
    for proof in met.truth.proof:
        said = met.server.prove(proof)
        assert re.search(proof.shows, said), f"{proof.run} does not show {proof.shows}: {said}"
        assert not proof.lacks or not re.search(proof.lacks, said), f"{proof.run} shows {proof.lacks}: {said}"


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
