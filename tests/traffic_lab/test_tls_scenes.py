"""TLS in real captures: what is read of them is what happened, and what tshark reads."""

import hashlib
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from iotscan.model.facts import TlsSession
from iotscan.model.vocabulary import Outcome
from iotscan.observe.given_file import GivenFile
from iotscan.observe.traffic.conversation import Conversation, Told
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.given import NOTHING, Given
from iotscan.observe.traffic.readers import all_choosers
from iotscan.store.runs import read_run
from iotscan.wire.frames import Sighting
from tests.program import run_iotscan

SCENES = ("tls_unverified", "tls_clients", "dtls_clients", "quic_clients", "starttls_clients")
NOT_BY_TSHARK = ("ftp.example",)
"""Of FTP it knows "AUTH TLS" alone (4.0), and curl says "AUTH SSL"."""
TRUTH = Path(__file__).with_name("truth")


class Ear:
    """A Listener that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[Told] = []
        self.over: list[Conversation] = []

    def frame(self, at: int, source: str, length: int, frames: int = 1) -> None:
        """Not kept."""

    def sighted(self, at: int, seen: Sighting) -> None:
        """Not kept."""

    def told(self, said: Told) -> None:
        self.said.append(said)

    def ended(self, conversation: Conversation) -> None:
        self.over.append(conversation)


def heard(capture: Path, given: Given = NOTHING) -> Ear:
    ear = Ear()
    following = Following(ear, all_choosers(given))
    with capture.open("rb") as stream:
        following.read(stream, str(capture), lambda _: None)
    following.close()
    return ear


def sessions(ear: Ear) -> list[tuple[Told, TlsSession]]:
    return [(said, said.item) for said in ear.said if isinstance(said.item, TlsSession)]


def shown(told: Told, found: TlsSession) -> dict[str, Any]:
    """What a truth may say of a session."""
    proof, own = found.proof, found.client_certificate
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    fields |= {"client": told.conversation.client.address, "protection": told.conversation.protection}
    fields |= {"faults": list(proof.faults) if proof else None, "self_signed": proof.is_self_signed if proof else None}
    fields["leaf"] = proof.certificates[0].subject if proof and proof.certificates else None
    fields["client_certificate"] = own.subject if own else None
    return {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}


@pytest.mark.parametrize("scene", SCENES)
def test_what_is_read_is_what_happened(scene: str, capture_of: Callable[[str], Path]) -> None:
    expected = yaml.safe_load((TRUTH / f"{scene}.yaml").read_text())["sessions"]
    found = [shown(*each) for each in sessions(heard(capture_of(scene)))]
    named = Counter((each["client"], each["server_name"]) for each in found)
    for truth in expected:
        key = truth["client"], truth["server_name"]
        assert named[key] >= truth.pop("times", 1), f"{key} was not seen: {named}"
        for each in found:
            if (each["client"], each["server_name"]) == key:
                assert {name: each[name] for name in truth} == truth
        named.pop(key)
    # The one without a name of the server, and the tries until a server was there, are all that is left.
    assert set(named) <= {("10.77.0.21", "")}


def _variants(capture: Path, home: Path, *words: str | Path) -> dict[str, list[str]]:
    """What the check finds of each device, by the whole program."""
    ended = run_iotscan("traffic", capture, *words, "-o", home / "out", home=home)
    assert ended.returncode in (0, 3), ended.stderr
    run = read_run("latest", home / "out")
    names = {device.id: device.address for device in run.devices}
    found: dict[str, list[str]] = {address: [] for address in names.values()}
    for result in run.results:
        if result.check == "server-certificate-validation":
            assert result.outcome in (Outcome.FAIL, Outcome.NOT_ASSESSED)
            if result.outcome is Outcome.FAIL:
                found[names[result.subject.device]].append(result.variant)
    return {address: sorted(variants) for address, variants in found.items()}


def test_who_takes_wrong_certificates_is_found_and_nobody_else(
    capture_of: Callable[[str], Path], tmp_path: Path
) -> None:
    capture = capture_of("tls_unverified")
    truth = yaml.safe_load((TRUTH / "tls_unverified.yaml").read_text())["findings"]["server-certificate-validation"]
    assert _variants(capture, tmp_path) == truth
    visitors = ("10.77.0.21", "10.77.0.22")
    by_list = {address: sorted([*found, *["revoked"] * (address in visitors)]) for address, found in truth.items()}
    assert _variants(capture, tmp_path, "--crl", capture.parent / "lab.crl") == by_list


def test_a_revoked_certificate_is_known_by_the_list_that_was_given(capture_of: Callable[[str], Path]) -> None:
    capture = capture_of("tls_unverified")
    files = (GivenFile(kind="crl", name="lab.crl", path=str(capture.parent / "lab.crl")),)
    found = [shown(*each) for each in sessions(heard(capture, Given(revocation=files)))]
    assert {each["server_name"] for each in found if each["faults"] == ["revoked"]} == {"revoked.example"}


def test_who_gives_the_root_knows_who_is_good(capture_of: Callable[[str], Path]) -> None:
    capture = capture_of("tls_unverified")
    given = Given(trust_stores=(("lab.pem", str(capture.parent / "lab.pem")),))
    proofs = {found.server_name: found.proof for _, found in sessions(heard(capture, given)) if found.proof}
    trusted = {name for name, proof in proofs.items() if proof.privately_trusted.known}
    assert trusted == {"good.example", "expired.example", "early.example", "name.example", "revoked.example"}
    assert not any(proof.publicly_trusted.known for proof in proofs.values())


@pytest.mark.parametrize("scene", SCENES)
def test_tshark_reads_the_same(scene: str, capture_of: Callable[[str], Path]) -> None:
    """Names, suites offered and chosen, and JA3, where its own reader has them: of TLS."""
    kind = "dtls" if scene.startswith("dtls") else "tls"
    fields = ("ip.src", f"{kind}.handshake.extensions_server_name", f"{kind}.handshake.ciphersuite")
    hellos = _tshark(capture_of(scene), f"{kind}.handshake.type == 1", *fields, "tls.handshake.ja3")
    found = [shown(*each) for each in sessions(heard(capture_of(scene)))]
    found = [each for each in found if each["server_name"] not in NOT_BY_TSHARK]
    ours = {(each["client"], each["server_name"], len(each["offered_suites"])) for each in found}
    # Signals stand among the suites (renegotiation), and GREASE does: OpenSSL sends the one, nobody here the other.
    theirs = {(row[0], row[1], len(row[2].split(",")) - ("0x00ff" in row[2])) for row in hellos}
    assert ours == theirs
    # After a Retry the same hello is sent once more.
    if "tls_" in scene and kind == "tls":
        assert Counter(each["ja3"] for each in found) == Counter(row[3] for row in hellos)


def _tshark(capture: Path, which: str, *fields: str) -> list[list[str]]:
    words = [word for field in fields for word in ("-e", field)]
    command = ["tshark", "-r", str(capture), "-Y", f"{which} && !icmp", "-T", "fields", "-E", "separator=;", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split(";") for line in said.splitlines()]


def test_the_same_capture_says_the_same_twice(capture_of: Callable[[str], Path]) -> None:
    twice = [repr([shown(*each) for each in sessions(heard(capture_of("tls_clients")))]) for _ in range(2)]
    assert len({hashlib.sha256(text.encode()).hexdigest() for text in twice}) == 1


def test_a_device_that_serves_is_judged_by_what_it_chose(capture_of: Callable[[str], Path], tmp_path: Path) -> None:
    """The checks of servers: what was chosen fails where it must, and what nobody asked is open, not good."""
    ended = run_iotscan("traffic", capture_of("tls_served"), "-o", tmp_path / "out", home=tmp_path)
    assert ended.returncode == 0, ended.stderr
    run = read_run("latest", tmp_path / "out")
    found = {(r.subject.address, r.check): (r.outcome, r.variant) for r in run.results if r.subject.service}
    old, new = "10.77.0.31", "10.77.0.32"
    assert found[old, "tls-versions"] == (Outcome.FAIL, "tls-1.0-1.1")
    assert found[old, "certificate-trust"] == (Outcome.FAIL, "self-signed")
    assert found[new, "tls-modern-versions"][0] is Outcome.PASS
    assert {check for address, check in found if address == new and found[address, check][0] is Outcome.PASS} <= {
        "tls-modern-versions"
    }
    unsettled = ("forward-secrecy", "tls-weak-ciphers", "tls-consistency", "tls-pre-shared-keys")
    assert {found[address, check][0] for address in (old, new) for check in unsettled} == {Outcome.NOT_ASSESSED}
    assert found[new, "tls-versions"][0] is Outcome.NOT_ASSESSED
