"""What the checks of certificates tell people to paste shows a finding where it is true, and only there."""

import shutil
from contextlib import AbstractContextManager

import pytest

from iotscan.assess.check import Policy, Target, Verdict
from iotscan.assess.parameters import told
from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason
from iotscan.wire.certificates import read_damaged, sorted_out
from iotscan.wire.tls.server import certificate, server_hello, server_hello_done
from tests.assess.servers import shell
from tests.checks.samples import read_check
from tests.observe.network.tls_probes.servers import HOST, answering
from tests.pki_lab.pki import Pki

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl")
NO_DATE = b"999999999999Z"


def asked(check_id: str, ders: tuple[bytes, ...], port: int, policy: str = "gateway") -> list[Verdict]:
    certificates, malformed = sorted_out(read_damaged(der, position=n) for n, der in enumerate(ders))
    missing = Answer[bool].missing(Reason.NOT_ASKED)
    fact = CertificateChain(
        certificates=certificates, malformed=malformed, engine="hello", trusted=missing, ocsp_stapled=missing
    )
    about = Target(subject=Subject(device=HOST, address=HOST, service=f"tcp/{port}"))
    check = read_check(check_id)
    kind = Policy(kind="constrained" if policy == "constrained" else "gateway", values=told(check.info))
    extras = {name: about if what == "target" else kind for name, what in check.extras.items()}
    said = check.question(chain=fact, **extras)
    return [said] if isinstance(said, Verdict) else [*said]


def found(ders: tuple[bytes, ...], port: int) -> Verdict:
    (said,) = asked("certificate-encoding", ders, port)
    return said


def without_dates(der: bytes) -> bytes:
    at = der.index(b"\x17\x0d") + 2
    return der[:at] + NO_DATE + der[at + len(NO_DATE) :]


def negative(der: bytes) -> bytes:
    """The serial number is the first number behind the version."""
    at = der.index(b"\xa0\x03\x02\x01\x02\x02") + 7
    return der[:at] + bytes([der[at] | 0x80]) + der[at + 1 :]


DAMAGE = {
    "junk": (lambda der: b"\x30\x03\x02\x01\x01", "unreadable"),
    "no date": (without_dates, "unreadable"),
    "negative": (negative, "malformed"),
    "cut": (lambda der: der[:-9], "unreadable"),
    "longer": (lambda der: der + b"\0", "malformed"),
}


def serving(ders: tuple[bytes, ...]) -> AbstractContextManager[int]:
    flight = server_hello(version="TLSv1.2", suite=0xC02B) + certificate(ders) + server_hello_done()
    return answering(lambda hello: flight)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("damage", DAMAGE)
def test_the_damage_shows(pki: Pki, damage: str, position: int) -> None:
    harm, variant = DAMAGE[damage]
    whole = pki.leaf("good").ders[:2]
    sent = tuple(harm(der) if place == position else der for place, der in enumerate(whole))
    with serving(sent) as port:
        said = found(sent, port)
        assert (said.kind, said.variant) == ("bad", variant)
        assert said.shows
        assert said.shows in shell(said.reproduce)
    with serving(whole) as port:
        assert found(whole, port).kind == "good"
        # The text of a certificate shows a rule that it breaks only to who reads it.
        assert said.shows == "Certificate:" or said.shows not in shell(found(sent, port).reproduce)


USES = [
    ("is-authority", "issues-certificates"),
    ("self-signed-authority", "self-signed-authority"),
    ("client-only", "no-server"),
    ("unknown-critical", "unknown-critical"),
    ("issuer-no-authority", "no-authority"),
    ("issuer-signs-nothing", "no-authority"),
    ("issuer-for-clients", "no-authority"),
]


@pytest.mark.parametrize(("leaf", "variant"), USES)
def test_the_use_shows(pki: Pki, leaf: str, variant: str) -> None:
    with serving(pki.leaf(leaf).ders) as port:
        (said,) = asked("certificate-usage", pki.leaf(leaf).ders, port)
        assert (said.kind, said.variant) == ("bad", variant)
        assert said.shows
        assert said.shows in shell(said.reproduce)
    with serving(pki.leaf("good").ders) as port:
        (control,) = asked("certificate-usage", pki.leaf("good").ders, port)
        assert control.kind == "good"
        (again,) = asked("certificate-usage", pki.leaf(leaf).ders, port)
        # Where a keyUsage stands wrong it stands right elsewhere: the text shows which.
        assert again.shows == "X509v3 Key Usage" or again.shows not in shell(again.reproduce)


def test_what_is_outside_of_the_profile_shows(pki: Pki) -> None:
    ders = pki.leaf("birth").ders
    with serving(ders) as port:
        (said,) = asked("certificate-usage", ders, port, "constrained")
        assert "no end" in said.observed
        assert "Dec 31 23:59:59 9999" in shell(said.reproduce)


def test_a_short_curve_is_named_and_shows(pki: Pki) -> None:
    ders = pki.leaf("p-192").ders
    with serving(ders) as port:
        (said,) = asked("certificate-key-size", ders, port)
        assert said.observed == "ec 192 (secp192r1)"
        assert said.shows in shell(said.reproduce)
