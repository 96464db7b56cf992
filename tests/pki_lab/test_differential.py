"""docs/certificate-differential.md is what the stored answers give, and every difference in it has its explanation."""

import msgspec
import pytest

from tests.pki_lab.differential import written
from tests.pki_lab.judging import Seen
from tests.pki_lab.peers import ours
from tests.pki_lab.peers.cases import cases
from tests.pki_lab.peers.page import PAGE, page
from tests.pki_lab.peers.results import EXPLANATIONS, OURS, PEERS, RESULTS
from tests.pki_lab.pki import Pki
from tests.tls_lab.peers.results import Results, Unexplained, read_explanations, read_results


@pytest.fixture(scope="module")
def results() -> Results:
    return read_results(RESULTS)


def test_the_document_is_what_the_stored_answers_give(results: Results) -> None:
    assert PAGE.read_text() == written(results), "run `python -m tests.pki_lab.differential --tools`"


def test_every_case_was_put_to_everybody_and_our_column_is_what_we_say_today(
    results: Results, pki: Pki, in_memory: dict[str, Seen]
) -> None:
    asked = dict(cases(pki))
    assert sorted(results.servers) == sorted(asked)
    assert all(said.keys() == {OURS, *PEERS} for said in results.servers.values())
    today = ours.verdicts(pki, asked, in_memory)
    changed = {name: (said, today[name]) for name, s in results.servers.items() if (said := s[OURS]) != today[name]}
    assert not changed, "run `python -m tests.pki_lab.differential`"


def test_our_status_is_the_truth(results: Results, pki: Pki) -> None:
    for name, case in cases(pki).items():
        if case.is_about_status:
            assert results.servers[name][OURS] == {"status": case.scene.status}, name


def test_a_difference_without_an_explanation_is_refused(results: Results) -> None:
    changed = {name: dict(said) for name, said in results.servers.items()}
    changed["good"]["gnutls"] = {"path": "refused"}
    with pytest.raises(Unexplained, match=r"unexplained: .*gnutls.*path.*good"):
        page(msgspec.structs.replace(results, servers=changed), read_explanations(EXPLANATIONS))
