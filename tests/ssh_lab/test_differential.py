"""docs/ssh-differential.md is what the stored answers give, and every difference in it has its explanation."""

import msgspec
import pytest

from iotscan.assess.ssh_names import ssh_strength
from tests.ssh_lab.differential import truths, written
from tests.ssh_lab.peers import ssh_audit
from tests.ssh_lab.peers.page import PAGE, page
from tests.ssh_lab.peers.results import OURS, PEER, Results, Unexplained, read_explanations, read_results
from tests.ssh_lab.peers.verdicts import FAMILIES


@pytest.fixture(scope="module")
def results() -> Results:
    return read_results()


def test_the_document_is_what_the_stored_answers_give(results: Results) -> None:
    assert PAGE.read_text() == written(results), "run `python -m tests.ssh_lab.differential --tools`"


def test_every_server_was_asked_by_both(results: Results) -> None:
    assert sorted(results.servers) == sorted(truths())
    assert all(said.keys() == {OURS, PEER} for said in results.servers.values())


def test_our_column_is_what_we_say_today(results: Results) -> None:
    for server, said in results.servers.items():
        for thing, verdict in said[OURS].items():
            kind = next((family for family in FAMILIES if thing.startswith(f"{family} ")), None)
            if kind and verdict != "short":
                strength = ssh_strength(kind, thing.removeprefix(f"{kind} "))  # type: ignore[arg-type]  # one of them
                assert strength == verdict, (server, thing)


def test_what_the_truth_names_stands_in_our_column(results: Results) -> None:
    for name, truth in truths().items():
        things = {thing.rpartition(" ")[2] for thing in results.servers[name][OURS]}
        assert set(truth.facts.has) <= things
        assert not set(truth.facts.lacks) & things


def test_a_difference_without_an_explanation_is_refused(results: Results) -> None:
    changed = {name: dict(said) for name, said in results.servers.items()}
    changed["openssh-hardened"][PEER] = {"kex curve25519-sha256": "fail"}
    with pytest.raises(Unexplained, match=r"unexplained: .*curve25519-sha256.*openssh-hardened"):
        page(msgspec.structs.replace(results, servers=changed), read_explanations(), truths())


def test_an_explanation_of_nothing_is_refused(results: Results) -> None:
    kept, *others = read_explanations()
    idle = msgspec.structs.replace(kept, things=(*kept.things, "cipher no-such-cipher"))
    with pytest.raises(Unexplained, match="explains nothing any more: 'cipher no-such-cipher'"):
        page(results, (idle, *others), truths())


def test_the_worst_that_ssh_audit_says_of_a_name_counts() -> None:
    text = (
        "(kex) diffie-hellman-group-exchange-sha1 (1024-bit) -- [fail] using small 1024-bit modulus\n"
        "                                            `- [warn] using weak hashing algorithm\n"
        "(kex) curve25519-sha256                     -- [info] available since OpenSSH 7.4\n"
        "(kex) acme                                  -- [warn] unknown algorithm\n"
        "(key) ssh-rsa (2048-bit)                    -- [warn] using weak hashing algorithm\n"
        "(cve) CVE-2018-15473                        -- (CVSSv2: 5.3) enumerate usernames\n"
    )
    assert ssh_audit.read(text) == {
        "kex diffie-hellman-group-exchange-sha1": "fail",
        "kex curve25519-sha256": "fine",
        "kex acme": "unknown",
        "host key ssh-rsa": "warn",
        "flaws by version": "CVE-2018-15473",
        "smallest group": "1024",
        "RSA host key": "2048",
    }
