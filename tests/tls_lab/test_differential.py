"""docs/tls-differential.md is what the stored answers give, and every difference in it has its explanation."""

import msgspec
import pytest

from tests.tls_lab.differential import stream_servers, written
from tests.tls_lab.peers.ours import as_the_truth_has_them
from tests.tls_lab.peers.page import PAGE, page
from tests.tls_lab.peers.results import (
    OURS,
    PEERS,
    Results,
    Unexplained,
    read_explanations,
    read_results,
)
from tests.tls_lab.peers.verdicts import of_suites

ASKED_FOR_EVERYTHING = {("tlslite-sslv3-rc4", "ems"): ("open",)}
"""Where the long run tells otherwise than the default one, which the truth is about: the document says so."""


@pytest.fixture(scope="module")
def results() -> Results:
    return read_results()


def test_the_document_is_what_the_stored_answers_give(results: Results) -> None:
    assert PAGE.read_text() == written(results), "run `python -m tests.tls_lab.differential --tools`"


def test_every_stream_server_was_asked_by_everybody(results: Results) -> None:
    assert sorted(results.servers) == sorted(stream_servers())
    assert all(said.keys() == {OURS, *PEERS} for said in results.servers.values())


def test_our_column_is_what_the_lab_holds_the_engine_against(results: Results) -> None:
    for name, truth in stream_servers().items():
        for question, allowed in as_the_truth_has_them(truth).items():
            allowed = ASKED_FOR_EVERYTHING.get((name, question), allowed)
            assert results.servers[name][OURS][question] in allowed, (name, question)


def test_a_difference_without_an_explanation_is_refused(results: Results) -> None:
    changed = {name: dict(said) for name, said in results.servers.items()}
    changed["openssl-modern"]["sslyze"] = {"compression": "yes"}
    with pytest.raises(Unexplained, match=r"unexplained: .*sslyze.*compression.*openssl-modern"):
        page(msgspec.structs.replace(results, servers=changed), read_explanations(), {})


def test_an_explanation_that_names_a_server_in_vain_is_refused(results: Results) -> None:
    kept, *others = read_explanations()
    place, *places = kept.where
    wider = msgspec.structs.replace(place, servers=(*place.servers, "no-such-server"))
    idle = msgspec.structs.replace(kept, where=(wider, *places))
    with pytest.raises(Unexplained, match="explains nothing any more: 'no-such-server' in place 1"):
        page(results, (idle, *others), {})


def test_a_broken_suite_gives_no_forward_secrecy() -> None:
    assert of_suites(["TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_DH_anon_WITH_AES_128_CBC_SHA"]) == {
        "broken": "anonymous, RC4, RC2, DES",
        "forward secrecy": "no",
        "static": "no",
        "psk": "none",
    }
    assert of_suites(["TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA"]) == {
        "broken": "3DES, IDEA",
        "forward secrecy": "yes",
        "static": "yes",
        "psk": "ephemeral",
    }
