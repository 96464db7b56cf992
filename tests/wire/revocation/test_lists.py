"""CRLs: whole ones, deltas, parts; and what none of them may be taken for."""

from collections.abc import Iterator, Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts.certificate import RevocationAnswer
from iotscan.wire.revocation.judging import judge
from iotscan.wire.revocation.lists import Entry, RevocationList
from iotscan.wire.revocation.ocsp import Unreadable
from tests.wire.revocation.pki import CA, CHAIN, DAY, LEAF, NOW, Added, certificate, crl, named, path, revoked, usage

REVOKED = revoked(LEAF.serial_number, x509.ReasonFlags.key_compromise)
ON_HOLD = revoked(LEAF.serial_number, x509.ReasonFlags.certificate_hold)
REMOVED = revoked(LEAF.serial_number, x509.ReasonFlags.remove_from_crl)
OTHERS = [revoked(n) for n in range(1, 5)]
UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)


def said(*lists: bytes, chain: Sequence[bytes] = CHAIN, is_asked: bool = False) -> tuple[RevocationAnswer, ...]:
    return judge(chain, lists=[RevocationList(der, where=f"{i}.crl", is_asked=is_asked) for i, der in enumerate(lists)])


def of(*lists: bytes, chain: Sequence[bytes] = CHAIN) -> RevocationAnswer:
    (answer,) = said(*lists, chain=chain)
    assert bool(answer.status) != bool(answer.problem)
    return answer


def point(name: str, issuer: str = "") -> tuple[x509.ExtensionType, bool]:
    url = [x509.UniformResourceIdentifier(name)] if name else None
    by = [x509.DirectoryName(named(issuer))] if issuer else None
    return (
        x509.CRLDistributionPoints(
            [x509.DistributionPoint(full_name=url, relative_name=None, reasons=None, crl_issuer=by)]
        ),
        False,
    )


def bounds(
    name: str = "",
    *,
    user: bool = False,
    ca: bool = False,
    attribute: bool = False,
    indirect: bool = False,
    some: bool = False,
    relative: bool = False,
) -> tuple[x509.ExtensionType, bool]:
    part = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "part")])
    return (
        x509.IssuingDistributionPoint(
            full_name=[x509.UniformResourceIdentifier(name)] if name else None,
            relative_name=part if relative else None,
            only_contains_user_certs=user,
            only_contains_ca_certs=ca,
            only_some_reasons=frozenset({x509.ReasonFlags.key_compromise}) if some else None,
            indirect_crl=indirect,
            only_contains_attribute_certs=attribute,
        ),
        True,
    )


def number(n: int, base: int | None = None) -> Added:
    delta: Added = [(x509.DeltaCRLIndicator(base), True)] if base is not None else []
    return [(x509.CRLNumber(n), False), *delta]


def chain_of(*added: tuple[x509.ExtensionType, bool], **more: object) -> tuple[bytes, ...]:
    leaf = certificate("gw", "CA", serial=LEAF.serial_number, added=added, **more)  # type: ignore[arg-type]
    return (leaf.public_bytes(Encoding.DER), *CHAIN[1:])


def test_a_certificate_that_stands_on_the_list_of_its_issuer() -> None:
    answer = of(crl([*OTHERS, REVOKED]))
    assert (answer.source, answer.where, answer.status, answer.reason) == ("crl", "0.crl", "revoked", "keyCompromise")
    assert (answer.revoked_at, answer.signer) == (NOW - 10 * DAY, "CN=CA")
    assert (answer.this_update, answer.next_update) == (NOW - DAY, NOW + DAY)


def test_one_that_does_not_stand_there_is_good() -> None:
    assert of(crl(OTHERS)).status == "good"
    assert of(crl()).status == "good"


def test_an_intermediate_is_asked_of_the_list_of_its_own_issuer() -> None:
    answer = of(crl([revoked(CA.serial_number)], issuer="Root"))
    assert (answer.position, answer.status, answer.reason) == (1, "revoked", "")


def test_a_server_that_bears_the_name_of_its_ca_can_be_revoked() -> None:
    """As in many a guide, where both are asked for the same questions; it did not sign itself."""
    leaf = certificate("CA", "CA", serial=0x77, with_key="gw")
    chain = [c.public_bytes(Encoding.DER) for c in (leaf, CA)]
    assert of(crl([revoked(0x77)]), chain=chain).status == "revoked"


def test_a_list_of_an_issuer_whose_certificate_nobody_sent_is_told_and_not_believed() -> None:
    (answer,) = said(crl([REVOKED]), chain=CHAIN[:1])
    assert (answer.status, answer.is_open) == ("", True)
    assert "the issuer of the certificate is not known" in answer.problem
    assert said(crl(issuer="Other"), chain=CHAIN[:1]) == ()


def test_the_list_of_another_ca_says_nothing_unless_it_was_fetched_for_this() -> None:
    assert said(crl([REVOKED], issuer="Someone")) == ()
    answers = said(crl([REVOKED], issuer="Someone"), is_asked=True)
    assert {a.problem for a in answers} == {"it is the CRL of another issuer"}


NO_ANSWERS = {
    "another CA of the same name": (crl([REVOKED], by_key="another CA"), "not by the key of the issuer"),
    "unknown critical extension": (crl(added=[UNKNOWN]), "critical extension that is not known (1.2.3.4.5)"),
    "unknown critical extension of an entry": (crl([revoked(7, added=[UNKNOWN])]), "one of its entries"),
    "attribute certificates": (crl(added=[bounds(attribute=True)]), "attribute certificates"),
    "CAs alone": (crl(added=[bounds(ca=True)]), "CAs alone"),
    "another part": (crl(added=[bounds("http://ca/2.crl")]), "one part of several"),
    "a part with a relative name": (crl(added=[bounds(relative=True)]), "not read"),
    "some reasons": (crl(added=[bounds(some=True)]), "only some reasons"),
    "delta without its base": (crl(added=number(5, base=4)), "not the list that it builds on"),
}


@pytest.mark.parametrize(("der", "why"), NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_a_list_does_not_cover_is_no_answer(der: bytes, why: str) -> None:
    answer = of(der)
    assert answer.status == ""
    assert why in answer.problem


def test_a_list_of_some_reasons_revokes_all_the_same() -> None:
    assert of(crl([REVOKED], added=[bounds(some=True)])).status == "revoked"


def test_the_part_that_the_certificate_names_covers_it() -> None:
    assert (
        of(crl(added=[bounds("http://ca/1.crl", user=True)]), chain=chain_of(point("http://ca/1.crl"))).status == "good"
    )


def test_a_list_without_certificates_of_cas_says_nothing_of_one() -> None:
    answer = of(crl(issuer="Root", added=[bounds(user=True)]))
    assert (answer.position, answer.problem) == (1, "it covers no certificates of CAs")


def test_an_issuer_that_may_not_sign_lists() -> None:
    mute = certificate("CA", "Root", serial=2, is_ca=True, added=[(usage(crl=False), True)])
    assert "cRLSign" in of(crl(), chain=(CHAIN[0], mute.public_bytes(Encoding.DER), CHAIN[2])).problem


def test_a_certificate_that_had_ended_may_have_been_dropped() -> None:
    ended = chain_of(life=(NOW - 100 * DAY, NOW - 5 * DAY))
    assert "lists drop those" in of(crl(), chain=ended).problem
    assert of(crl([REVOKED]), chain=ended).status == "revoked"


def test_a_delta_counts_with_the_list_that_it_builds_on() -> None:
    base = crl(OTHERS, added=number(4), since=NOW - 9 * DAY)
    assert [a.status for a in said(base, crl([REVOKED], added=number(5, base=4)))] == ["good", "revoked"]
    fresh = said(base, crl(added=number(5, base=4)))
    assert [(a.source, a.status) for a in fresh] == [("crl", "good"), ("delta-crl", "good")]
    assert fresh[1].this_update == NOW - DAY


def test_a_delta_says_what_its_base_does_where_it_is_silent() -> None:
    base = crl([REVOKED], added=number(4))
    assert [a.status for a in said(base, crl(added=number(5, base=4)))] == ["revoked", "revoked"]


def test_a_hold_that_was_lifted() -> None:
    base = crl([ON_HOLD], added=number(4), since=NOW - 9 * DAY)
    answers = said(base, crl([REMOVED], added=number(5, base=4)))
    assert [(a.status, a.reason) for a in answers] == [("revoked", "certificateHold"), ("good", "")]


@pytest.mark.parametrize(
    "base",
    [
        crl(added=number(3)),
        crl(added=number(6)),
        crl(),
        crl(added=number(4), by_key="another CA"),
        crl(added=[*number(4), bounds(user=True)]),
        crl(added=number(4, base=2)),
    ],
    ids=["too old", "too new", "without number", "of another", "with other bounds", "a delta itself"],
)
def test_a_delta_builds_on_no_other_list(base: bytes) -> None:
    *_, answer = said(base, crl(added=number(5, base=4)))
    assert "not the list that it builds on" in answer.problem


def test_a_list_of_several_issuers_is_read_by_who_is_meant() -> None:
    def of_issuer(name: str) -> Added:
        return [(x509.CertificateIssuer([x509.DirectoryName(named(name))]), True)]

    def mixed(*entries: x509.RevokedCertificate) -> RevocationAnswer:
        return of(crl(entries, added=[bounds(indirect=True)]))

    serial = LEAF.serial_number
    assert mixed(revoked(serial)).status == "revoked"
    assert mixed(revoked(7, added=of_issuer("Other")), revoked(serial)).status == "good"
    assert mixed(revoked(7, added=of_issuer("Other")), revoked(serial, added=of_issuer("CA"))).status == "revoked"


def test_a_list_of_several_issuers_is_gone_through_only_for_a_number_that_stands_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A million and a half entries took twenty seconds, for each certificate of each device."""
    sought: list[int] = []

    def noted(self: RevocationList, one: x509.Certificate) -> Iterator[Entry]:
        sought.append(one.serial_number)
        return iter(())

    monkeypatch.setattr(RevocationList, "_entries_of", noted)
    several = crl([revoked(n) for n in range(100, 120)], added=[bounds(indirect=True)])
    assert of(several).status == "good"
    assert sought == []
    RevocationList(several, where="x").entry(certificate("a", "CA", serial=119))
    assert sought == [119]


def test_a_list_that_another_signs_for_the_issuer_is_named_and_not_judged() -> None:
    answer = of(crl([REVOKED], issuer="Lists"), chain=chain_of(point("http://ca/1.crl", issuer="Lists")))
    assert "indirect" in answer.problem


def test_ten_thousand_entries_are_read_as_ten_are() -> None:
    many = crl([revoked(n) for n in range(10_000, 20_000)])
    (judged,) = path()[:1]
    one = RevocationList(many, where="x")
    assert one.refusal(judged) == ""
    assert one.entry(certificate("a", "CA", serial=19_999)) is not None
    assert one.entry(LEAF) is None


@pytest.mark.parametrize("der", [b"", crl()[:-3], crl() + b"\0", b"-----BEGIN X509 CRL-----"])
def test_what_is_no_list_is_refused(der: bytes) -> None:
    with pytest.raises(Unreadable):
        RevocationList(der, where="x")


GENUINE = crl([*OTHERS, REVOKED])


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_no_bytes_are_a_list_by_chance(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        RevocationList(noise, where="x")


@given(st.integers(0, len(GENUINE) - 1), st.integers(1, 255))
@settings(max_examples=200)
def test_one_changed_byte_makes_no_certificate_good(at: int, by: int) -> None:
    changed = bytearray(GENUINE)
    changed[at] ^= by
    try:
        answers = said(bytes(changed))
    except Unreadable:
        return
    assert all(answer.status in ("", "revoked") for answer in answers)
