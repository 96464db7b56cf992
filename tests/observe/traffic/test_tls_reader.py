"""TLS as real clients and servers (OpenSSL) say it: what is read of it, and what must not be."""

import random
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import TlsSession
from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.workers import trust
from iotscan.observe.traffic.conversation import Piece
from iotscan.observe.traffic.given import Given
from tests.observe.traffic.tls_talk import NOW, Talk, conversation, heard, session
from tests.traffic_lab.certificates import Authority, Paper, self_signed

LAB = Authority()
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion")


def good() -> Paper:
    return LAB.issue("cloud.example")


@pytest.mark.parametrize("version", ["TLSv1.0", "TLSv1.1", "TLSv1.2"])
def test_a_whole_handshake_and_data(version: str, tmp_path: Path) -> None:
    found = session(Talk(good(), tmp_path, version=version).shake().say().pieces)
    assert (found.version, found.ending, found.server_name) == (version, "application-data", "cloud.example")
    assert found.offered_versions[0] == version
    assert found.suite.startswith("TLS_ECDHE_ECDSA_")
    assert found.group
    assert found.proof is not None
    assert [c.subject for c in found.proof.certificates] == ["CN=cloud.example", "CN=Lab CA"]
    assert found.proof.faults == ()
    assert found.proof.publicly_trusted.known is False
    assert not found.proof.is_self_signed
    assert not found.is_resumed


def test_of_tls_13_there_are_the_hellos(tmp_path: Path) -> None:
    talk = Talk(good(), tmp_path, version="TLSv1.3").shake()
    before = session(talk.pieces)
    assert (before.version, before.suite, before.proof, before.ending) == (
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        None,
        "finished",
    )
    assert before.group == "x25519"
    assert before.offered_versions == ("TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1.0")
    assert session(talk.say().pieces).ending == "application-data"


def test_without_data_of_the_client_nothing_is_proved(tmp_path: Path) -> None:
    talk = Talk(good(), tmp_path).shake().say(of_client=False)
    assert session(talk.pieces).ending == "finished"


def test_a_client_that_checks_breaks_off(tmp_path: Path) -> None:
    roots = Authority("Other CA").certificate.public_bytes(Encoding.DER)
    found = session(Talk(good(), tmp_path, roots=roots).shake().pieces)
    assert (found.ending, found.alert) == ("refused-by-client", "unknown_ca")


def test_a_client_certificate_is_seen(tmp_path: Path) -> None:
    device = LAB.issue("device-0001")
    found = session(Talk(good(), tmp_path, client=device).shake().say().pieces)
    assert found.asks_client_certificate
    assert found.client_certificate is not None
    assert found.client_certificate.subject == "CN=device-0001"


def test_it_is_the_same_in_pieces_of_any_size(tmp_path: Path) -> None:
    talk = Talk(good(), tmp_path).shake().say()
    whole = session(talk.pieces)
    chance = random.Random(11)
    for size in (1, 2, 7, 300):
        cut = [part for piece in talk.pieces for part in _cut(piece, size, chance)]
        # The first piece has to show what it is: nine bytes of a hello are the least.
        first = next(at for at, end in enumerate(_lengths(cut)) if end >= 12)
        joined = msgspec.structs.replace(cut[0], data=b"".join(piece.data for piece in cut[: first + 1]))
        assert session([joined, *cut[first + 1 :]]) == whole


def _cut(piece: Piece, size: int, chance: random.Random) -> list[Piece]:
    ends = [0]
    while ends[-1] < len(piece.data):
        ends.append(ends[-1] + chance.randint(1, size))
    return [msgspec.structs.replace(piece, data=piece.data[a:b]) for a, b in pairwise(ends)]


def _lengths(pieces: list[Piece]) -> list[int]:
    total, found = 0, []
    for piece in pieces:
        total += len(piece.data)
        found.append(total)
    return found


@pytest.mark.parametrize(
    ("paper", "fault"),
    [
        (LAB.issue("cloud.example", begins=-400, days=365), "expired"),
        (LAB.issue("cloud.example", begins=30), "not-yet-valid"),
        (LAB.issue("other.example"), "wrong-name"),
        (LAB.issue("cloud.example").forged(), "bad-signature"),
        (self_signed("cloud.example").forged(), "bad-signature"),
        (self_signed("cloud.example", begins=-400, days=365), "expired"),
    ],
)
def test_what_is_wrong_with_a_chain_is_told(paper: Paper, fault: str, tmp_path: Path) -> None:
    found = session(Talk(paper, tmp_path).shake().say().pieces)
    assert found.proof is not None
    assert found.proof.faults == (fault,), found.proof.detail
    assert found.ending == "application-data"


def test_who_is_known_to_nobody_is_not_at_fault(tmp_path: Path) -> None:
    found = session(Talk(self_signed("cloud.example"), tmp_path).shake().say().pieces)
    assert found.proof is not None
    assert (found.proof.faults, found.proof.is_self_signed) == ((), True)


def test_a_day_is_no_difference(tmp_path: Path) -> None:
    """Whoever captured may have another clock."""
    late = session(Talk(LAB.issue("cloud.example", begins=-100, days=100), tmp_path).shake().say().pieces)
    assert late.proof is not None
    assert late.proof.faults == ()


def test_a_clock_that_was_never_set_says_nothing_of_dates(tmp_path: Path) -> None:
    pieces = Talk(LAB.issue("cloud.example"), tmp_path).shake().say().pieces
    found = session([msgspec.structs.replace(piece, at=piece.at - NOW) for piece in pieces])
    assert found.proof is not None
    assert found.proof.faults == ()


def test_a_common_name_will_do(tmp_path: Path) -> None:
    """Clients that still ask it are content, and a star in any place may be enough for some."""
    for names in (("cloud.example", "other.example"), ("*.example", "x.y"), ("c*.example", "x.y")):
        found = session(Talk(LAB.issue(*names), tmp_path).shake().say().pieces)
        assert found.proof is not None
        assert found.proof.faults == ()


def test_what_the_user_gave_counts(tmp_path: Path) -> None:
    paper, root = good(), tmp_path / "root.pem"
    root.write_bytes(LAB.certificate.public_bytes(Encoding.PEM))
    crl = tmp_path / "list.crl"
    crl.write_bytes(LAB.revoke(paper, days_ago=30))
    pieces = Talk(paper, tmp_path).shake().say().pieces
    trusted = session(pieces, given=Given(trust_stores=(("root.pem", str(root)),)))
    assert trusted.proof is not None
    assert (trusted.proof.privately_trusted.known, trusted.proof.publicly_trusted.known) == (True, False)
    files = (GivenFile(kind="crl", name="list.crl", path=str(crl)),)
    revoked = session(pieces, given=Given(revocation=files))
    assert revoked.proof is not None
    assert revoked.proof.faults == ("revoked",)


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_root_that_was_added_to_this_machine_is_no_public_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_listed: bool
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(LAB.certificate.public_bytes(Encoding.PEM))
    listed = {LAB.certificate.fingerprint(SHA256()).hex(): "current"} if is_listed else {}
    monkeypatch.setattr(trust, "system_file", lambda: str(roots))
    monkeypatch.setattr(trust, "mozilla_roots", lambda: listed)
    found = session(Talk(LAB.issue("cloud.example"), tmp_path).shake().say().pieces, given=Given())
    assert found.proof is not None
    assert found.proof.publicly_trusted.known is is_listed
    assert found.proof.privately_trusted.known is (None if is_listed else True)


def test_a_list_of_later_says_nothing_of_then(tmp_path: Path) -> None:
    paper, crl = good(), tmp_path / "list.crl"
    crl.write_bytes(LAB.revoke(paper, days_ago=0))
    files = (GivenFile(kind="crl", name="list.crl", path=str(crl)),)
    found = session(Talk(paper, tmp_path).shake().say().pieces, given=Given(revocation=files))
    assert found.proof is not None
    assert found.proof.faults == ()


@pytest.mark.parametrize("harm", ["gap", "is_doubtful"])
def test_what_was_not_heard_whole_proves_nothing(harm: str, tmp_path: Path) -> None:
    talk = Talk(LAB.issue("other.example"), tmp_path).shake().say()
    assert session(talk.pieces).ending == "application-data"
    for at, piece in enumerate(talk.pieces):
        # Without its beginning it is nobody's; the server's own Finished says nothing of the client.
        if at in (0, 3):
            continue
        harmed = msgspec.structs.replace(piece, **{harm: 1})
        found = session([*talk.pieces[:at], harmed, *talk.pieces[at + 1 :]])
        assert not (found.ending == "application-data" and found.proof is not None), at


def test_starttls_is_read_behind_any_words(tmp_path: Path) -> None:
    words = [
        Piece(at=NOW, is_upward=False, data=b"220 mail.example ESMTP\r\n"),
        Piece(at=NOW, is_upward=True, data=b"EHLO device\r\n"),
        Piece(at=NOW, is_upward=False, data=b"250 STARTTLS\r\n"),
        Piece(at=NOW, is_upward=True, data=b"STARTTLS\r\n"),
        Piece(at=NOW, is_upward=False, data=b"220 go ahead\r\n"),
    ]
    pieces = [*words, *Talk(good(), tmp_path).shake().say().pieces]
    found = session(pieces, of=conversation(25))
    assert (found.opening, found.ending, found.server_name) == ("smtp", "application-data", "cloud.example")


def test_the_middle_of_a_connection_is_encrypted_and_nothing_more(tmp_path: Path) -> None:
    pieces = Talk(good(), tmp_path).shake().say().say().pieces
    told, talk = heard(pieces[-1:], of=conversation(has_beginning=False))
    assert not told
    assert (talk.protocol, talk.protection) == ("tls", "encrypted")


def test_what_only_looks_like_it_is_not_tls() -> None:
    for data in (b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x02" + bytes(600), b"GET / HTTP/1.1\r\n\r\n"):
        told, talk = heard([Piece(at=NOW, is_upward=True, data=data)])
        assert not any(isinstance(each.item, TlsSession) for each in told)
        assert talk.protocol != "tls"


def test_null_suites_are_no_encryption(tmp_path: Path) -> None:
    talk = Talk(good(), tmp_path, ciphers="ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0").shake().say()
    told, seen = heard(talk.pieces)
    assert isinstance(told[0].item, TlsSession)
    assert told[0].item.suite == "TLS_ECDHE_ECDSA_WITH_NULL_SHA"
    assert seen.protection == "cleartext"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    return Talk(LAB.issue("other.example"), tmp_path_factory.mktemp("talk")).shake().say().pieces


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_bytes_break_it(real: list[Piece], data: st.DataObject) -> None:
    pieces = list(real)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(pieces) - 1))
        piece = pieces[at]
        start = data.draw(st.integers(0, len(piece.data)))
        noise = data.draw(st.binary(max_size=40))
        end = start + data.draw(st.integers(0, 40))
        pieces[at] = msgspec.structs.replace(piece, data=piece.data[:start] + noise + piece.data[end:])
    heard(pieces)


def test_a_record_of_data_before_the_keys_changed_is_none(tmp_path: Path) -> None:
    """What is said there was never under the keys of this handshake."""
    talk = Talk(LAB.issue("other.example"), tmp_path).shake()
    early = Piece(at=NOW, is_upward=True, data=b"\x17\x03\x03\x00\x20" + bytes(32))
    found = session([*talk.pieces[:2], early, *talk.pieces[2:]])
    assert found.ending == "finished"
