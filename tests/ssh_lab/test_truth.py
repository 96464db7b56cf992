"""Every server of the lab: foreign clients prove its truth, our probe and checks say that and nothing else."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import msgspec
import pytest

from iotscan.model.facts import SshServer
from iotscan.model.parameter import Value
from iotscan.model.vocabulary import Outcome
from tests.observe.network.daemons import tool
from tests.ssh_lab.asking import Meeting, judge, meet
from tests.ssh_lab.running import Server, lacking, shell, started
from tests.ssh_lab.truth import Facts, Truth, read_truth, truth_files
from tests.ssh_lab.workshop import furnish

FILES = {file.stem: file for file in truth_files()}


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs, what was learnt from it, and what foreign clients and reproduce lines print."""

    truth: Truth
    server: Server
    met: Meeting
    printed: dict[str, str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Guest]]:
    """All servers at once: what is run against them waits rather than works."""
    folder = tmp_path_factory.mktemp("keys")
    keygen, dropbearkey = tool("ssh-keygen", "openssh-client"), tool("dropbearkey", "dropbear-bin")
    names = furnish(folder, keygen=keygen, dropbearkey=dropbearkey)
    with ExitStack() as stack, ThreadPoolExecutor(16) as pool:
        truths = {name: truth for name, file in FILES.items() if not lacking((truth := read_truth(file)).needs)}
        servers = {name: stack.enter_context(started(truth, names)) for name, truth in truths.items()}
        met = {name: meet(server.port) for name, server in servers.items()}
        batches = [batch for name in servers for batch in _batches(truths[name], servers[name], met[name])]
        printed = dict(pair for pairs in pool.map(_run, batches) for pair in pairs)
        yield {n: Guest(truth=truths[n], server=servers[n], met=met[n], printed=printed) for n in servers}


def _run(lines: list[str]) -> list[tuple[str, str]]:
    return [(line, shell(line)) for line in lines]


def _batches(truth: Truth, server: Server, met: Meeting) -> list[list[str]]:
    """What may run at the same time; dropbear hears five guests of one address that have not logged in."""
    proofs = [f"timeout 9 bash -c {_quoted(server.text(proof.run))}" for proof in truth.proof]
    lines = list(dict.fromkeys([*proofs, *(result.reproduce for result in met.results if result.reproduce)]))
    several = 1 if "dropbear" in truth.needs else 3
    return [lines[first::several] for first in range(min(several, len(lines)))]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.fixture(params=list(FILES))
def guest(request: pytest.FixtureRequest, lab: dict[str, Guest]) -> Guest:
    if request.param not in lab:
        pytest.skip(lacking(read_truth(FILES[request.param]).needs))
    return lab[request.param]


def test_foreign_clients_see_the_truth(guest: Guest) -> None:
    for proof in guest.truth.proof:
        said = guest.printed[f"timeout 9 bash -c {_quoted(guest.server.text(proof.run))}"]
        assert re.search(proof.shows, said, re.M), f"{proof.run} does not show {proof.shows}: {said[-3000:]}"
        assert not proof.lacks or not re.search(proof.lacks, said), f"{proof.run} shows {proof.lacks}: {said}"


def test_our_probe_says_the_truth(guest: Guest) -> None:
    fact, true = guest.met.fact, guest.truth.facts
    assert re.fullmatch(true.software, fact.software)
    # What stands in the lists is looked for by itself.
    assert _told(fact) == msgspec.structs.replace(true, software="", has=(), lacks=())
    offered = {*fact.kex, *fact.host_key_algorithms, *fact.every_cipher, *fact.every_mac}
    assert set(true.has) <= offered
    assert not set(true.lacks) & offered


def _told(fact: SshServer) -> Facts:
    keys = fact.host_keys.known
    groups = [group.bits for group in fact.groups.known or () if group.bits]
    return Facts(
        protocol=fact.protocol,
        software="",
        strict_kex=fact.has_strict_kex,
        host_keys=None if keys is None else tuple(sorted(f"{key.algorithm} {key.bits}" for key in keys)),
        unread=fact.unread_keys,
        certificates=tuple(certificate.algorithm for certificate in fact.host_certificates),
        smallest_group=min(groups, default=0) if fact.groups.is_answered else None,
        login_methods=fact.login_methods.known,
        admits_strangers=fact.admits_strangers,
        compression=fact.compression,
    )


def test_our_checks_find_the_truth(guest: Guest) -> None:
    results = guest.met.results
    assert [r for r in results if r.outcome is Outcome.ERROR] == []
    failed = {f"{r.check}/{r.variant}" for r in results if r.outcome is Outcome.FAIL}
    assert failed == set(guest.truth.findings)
    opened = {r.check: r.reason for r in results if r.outcome is Outcome.NOT_ASSESSED}
    assert opened == guest.truth.not_assessed


def test_the_line_beside_each_finding_shows_it(guest: Guest) -> None:
    for result in guest.met.results:
        if result.outcome is Outcome.FAIL:
            said = guest.printed[result.reproduce]
            assert result.shows in said, f"{result.reproduce}\nwanted: {result.shows}\ngot: {said[-1500:]}"


POLICIES: dict[str, tuple[dict[str, Value], set[str]]] = {
    "permitted": (
        {
            "kex": ["curve25519-sha256", "curve25519-sha256@libssh.org", "diffie-hellman-group-exchange-sha256"],
            "ciphers": ["aes256-gcm@openssh.com"],
            "host_key_bits": {"rsa-sha2-512": 4096},
            "group_bits": 3072,
        },
        {"not-permitted", "size"},
    ),
    "exact": ({"macs": ["hmac-sha1", "hmac-sha2-256"], "compression": ["none"], "exact": True}, {"not-permitted"}),
    "order": ({"compression": ["zlib@openssh.com", "none"], "exact": True}, {"differs"}),
    "kept": ({"compression": ["none", "zlib@openssh.com"], "exact": True, "host_key_bits": {"ssh-rsa": 3072}}, set()),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_of_a_profile_is_held_against_openssh_and_shown(lab: dict[str, Guest], name: str) -> None:
    if "openssh-default" not in lab:
        pytest.skip(lacking(read_truth(FILES["openssh-default"]).needs))
    default, (told, variants) = lab["openssh-default"], POLICIES[name]
    results = judge(default.met.fact, default.server.port, {"ssh-policy": told})
    found = [r for r in results if r.check == "ssh-policy"]
    assert {r.variant for r in found if r.outcome is Outcome.FAIL} == variants
    assert [r for r in found if r.outcome in (Outcome.NOT_ASSESSED, Outcome.ERROR)] == []
    with ThreadPoolExecutor(4) as pool:
        failed = [r for r in found if r.outcome is Outcome.FAIL]
        for result, said in zip(failed, pool.map(lambda r: shell(r.reproduce), failed), strict=True):
            assert result.shows in said, f"{result.reproduce}\nwanted: {result.shows}\ngot: {said[-1500:]}"
