"""OCSP responses: who may sign one, and what it is about."""

import re
import warnings
from collections.abc import Callable

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.wire.revocation.judging import judge
from iotscan.wire.revocation.lists import RevocationList
from iotscan.wire.revocation.ocsp import CAP, OcspResponse, Unreadable, request
from tests.pki_lab.der import element, parts
from tests.wire.revocation.pki import (
    CA,
    CHAIN,
    DAY,
    LEAF,
    NOW,
    OCSP_SIGNING,
    RESPONDER,
    ROOT,
    certificate,
    crl,
    key,
    path,
    response,
    revoked,
)

OTHER = certificate("other", "CA", serial=0x99)
SAME_NAME = certificate("CA", "Root", serial=3, with_key="another CA", is_ca=True)
UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)


def stapled(der: bytes, chain: tuple[bytes, ...] = CHAIN) -> RevocationAnswer:
    (answer,) = judge(chain, staple=der)
    assert (answer.source, answer.where, answer.position) == ("staple", "handshake", 0)
    assert bool(answer.status) != bool(answer.problem)
    return answer


def test_what_the_issuer_itself_says_of_a_certificate() -> None:
    good = stapled(response())
    assert (good.status, good.signer) == ("good", "CN=CA")
    assert (good.this_update, good.next_update) == (NOW - DAY, NOW + DAY)
    revoked = stapled(response(status=ocsp.OCSPCertStatus.REVOKED))
    assert (revoked.status, revoked.revoked_at, revoked.reason) == ("revoked", NOW - 10 * DAY, "keyCompromise")
    assert stapled(response(status=ocsp.OCSPCertStatus.UNKNOWN)).status == "unknown"


def test_a_staple_about_an_authority_of_the_chain_is_no_answer_about_the_server() -> None:
    """It is what is left to who has a revoked certificate: the root's response about the intermediate is public."""
    about_ca = response(CA, ROOT, signer=ROOT, by_key="Root")
    of_leaf, of_ca = sorted(judge(CHAIN, staple=about_ca), key=lambda answer: answer.position)
    assert (of_leaf.position, of_leaf.status, of_leaf.problem) == (0, "", "it is about another serial number (2)")
    assert (of_ca.position, of_ca.status) == (1, "good")


def test_one_that_names_no_next_date_is_kept_as_such() -> None:
    assert stapled(response(until=None)).next_update is None


def test_a_responder_to_whom_the_issuer_gave_a_certificate() -> None:
    answer = stapled(response(signer=RESPONDER, by_key="Responder"))
    assert (answer.status, answer.signer) == ("good", "CN=Responder")
    assert answer.signer_until == RESPONDER.not_valid_after_utc


def dated_back(der: bytes) -> bytes:
    assert b"20261031000000Z" in der
    return der.replace(b"20261031000000Z", b"20261030000000Z")


def delegate(name: str, issuer: str = "CA", *, ended: bool = False, added: object = (OCSP_SIGNING,)) -> bytes:
    life = (NOW - 100 * DAY, NOW - 2 * DAY if ended else NOW + 100 * DAY)
    signer = certificate(name, issuer, serial=10, life=life, added=added)  # type: ignore[arg-type]
    return response(signer=signer, by_key=name)


NO_ANSWERS = {
    "of a stranger": (lambda: delegate("Stranger", "Stranger"), "no certificate of the issuer"),
    "of a responder of the root": (lambda: delegate("R", "Root"), "no certificate of the issuer"),
    "of a responder without the right": (lambda: delegate("R", added=()), "no right to answer"),
    "of a responder whose certificate ended": (lambda: delegate("R", ended=True), "not valid when it was made"),
    "of a responder with an unknown critical extension": (
        lambda: delegate("R", added=(OCSP_SIGNING, UNKNOWN)),
        "critical extension that is not known",
    ),
    "changed after it was signed": (lambda: dated_back(response()), "signature is not the issuer's"),
    "of a responder, changed after it was signed": (
        lambda: dated_back(response(signer=RESPONDER, by_key="Responder")),
        "not that of its signer",
    ),
    "in the name of the issuer by another": (
        lambda: response(signer=SAME_NAME, by_key="another CA", by_name=True),
        "signature is not the issuer's",
    ),
    "about another serial": (lambda: response(OTHER), r"another serial number \(99\)"),
    "about the same serial of another issuer": (lambda: response(issuer=SAME_NAME), "of another issuer"),
    "that refuses": (
        lambda: ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(
            Encoding.DER
        ),
        "refused to answer",
    ),
    "with an unknown critical extension": (lambda: response(added=[UNKNOWN]), "critical extension that is not known"),
    "that is cut short": (lambda: response()[:-5], "no readable OCSP response"),
    "with something behind it": (lambda: response() + b"\0", "no readable OCSP response"),
    "that is none": (lambda: b"HTTP/1.1 200 OK", "no readable OCSP response"),
    "that is too large": (lambda: b"\x30" * (CAP + 1), "64 KiB"),
}


@pytest.mark.parametrize(("made", "why"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_no_answer_is_one(made: Callable[[], bytes], why: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        der = made()
    answer = stapled(der)
    assert answer.status == ""
    assert re.search(why, answer.problem), answer.problem


def test_without_the_issuer_nobody_can_tell_who_may_answer() -> None:
    assert "issuer of the certificate is not known" in stapled(response(), CHAIN[:1]).problem
    (answer,) = judge(CHAIN[:1], staple=response(), authorities=[CA])
    assert answer.status == "good"


def test_a_response_that_was_given_for_a_certificate_without_its_issuer_is_told() -> None:
    given = OcspResponse(response(), source="ocsp", where="gw.der", is_asked=False)
    (answer,) = judge(CHAIN[:1], responses=[given])
    assert (answer.where, answer.status, answer.is_open) == ("gw.der", "", True)
    assert judge(CHAIN[1:2], responses=[given]) == ()


def test_a_pile_of_files_tells_nothing_of_those_that_are_about_others() -> None:
    files = [
        OcspResponse(der, source="ocsp", where=name, is_asked=False)
        for name, der in (
            ("other", response(OTHER)),
            ("ours", response()),
            ("ca", response(CA, SAME_NAME, signer=SAME_NAME, by_key="another CA")),
        )
    ]
    assert [(a.where, a.position) for a in judge(CHAIN, responses=files)] == [("ours", 0)]
    right = OcspResponse(response(CA, ROOT, signer=ROOT, by_key="Root"), source="ocsp", where="root", is_asked=False)
    assert [(a.position, a.status) for a in judge(CHAIN, responses=[right])] == [(1, "good")]


def test_the_question_is_the_one_that_the_answer_is_about() -> None:
    asked = ocsp.load_der_ocsp_request(request(path()[0]))
    said = ocsp.load_der_ocsp_response(response())
    assert (asked.serial_number, asked.issuer_key_hash) == (said.serial_number, said.issuer_key_hash)
    assert asked.issuer_name_hash == said.issuer_name_hash


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_bytes_are_an_answer_by_chance(noise: bytes) -> None:
    assert all(answer.status == "" for answer in judge(CHAIN, staple=noise))


GENUINE = response()


@given(st.integers(0, len(GENUINE) - 1), st.integers(1, 255))
@settings(max_examples=200, deadline=None)
def test_one_changed_byte_makes_no_other_answer(at: int, by: int) -> None:
    changed = bytearray(GENUINE)
    changed[at] ^= by
    for answer in judge(CHAIN, staple=bytes(changed)):
        assert answer.status in ("", "good")
        if answer.status:
            # What is signed is the same still: only bytes that the signature does not cover can have changed.
            assert (answer.this_update, answer.next_update) == (NOW - DAY, NOW + DAY)


def test_a_response_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(Unreadable):
        OcspResponse(b"", source="ocsp", where="x", is_asked=True)


def test_a_response_that_names_a_certificate_hundreds_of_times_is_verified_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A signature takes milliseconds, a staple holds some six hundred names, and nothing else goes on meanwhile."""
    verified: list[str] = []
    whole = OcspResponse._is_signed_by

    def noted(self: OcspResponse, signer: x509.Certificate) -> bool:
        verified.append(signer.subject.rfc4514_string())
        return whole(self, signer)

    monkeypatch.setattr(OcspResponse, "_is_signed_by", noted)
    answers = judge(CHAIN, staple=repeated(response(), 300))
    assert len(answers) == 1, "what is said three hundred times is told once"
    assert {answer.status for answer in answers} == {"good"}
    assert verified == ["CN=CA"]


def test_a_staple_of_the_servers_own_making_crowds_out_no_list() -> None:
    """Nobody signed it; that it names the certificate three hundred times hides not that it was revoked."""
    signed = repeated(response(), 300)
    forged = signed[:-1] + bytes([signed[-1] ^ 1])
    on_list = RevocationList(crl([revoked(LEAF.serial_number)]), where="given.crl")
    answers = judge(CHAIN, staple=forged, lists=[on_list])
    assert {(answer.source, answer.status) for answer in answers} == {("staple", ""), ("crl", "revoked")}


def repeated(der: bytes, times: int) -> bytes:
    """A response of the CA with its one answer that often, signed again."""
    basic = ocsp.load_der_ocsp_response(der)
    fields = [
        element(0x30, b"".join(parts(part)) * times) if part[0] == 0x30 else part
        for part in parts(basic.tbs_response_bytes)
    ]
    body = element(0x30, b"".join(fields))
    signature = element(0x03, b"\0" + key("CA").sign(body, ec.ECDSA(hashes.SHA256())))
    by = element(0x30, bytes.fromhex("06082a8648ce3d040302"))
    kind = bytes.fromhex("06092b0601050507300101")
    told = element(0x30, kind + element(0x04, element(0x30, body + by + signature)))
    return element(0x30, bytes.fromhex("0a0100") + element(0xA0, told))
