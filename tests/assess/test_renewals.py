"""A certificate that changed as none should is told; one that was renewed in time is not."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from iotscan.assess.comparing import compare
from iotscan.assess.renewals import renewals
from iotscan.model.answer import Answer
from iotscan.model.comparison import Shift
from iotscan.model.facts import Certificate, CertificateChain, Extensions
from iotscan.model.observation import Observation, observe
from iotscan.model.run import Run
from iotscan.model.subject import Subject
from iotscan.report.difference import shift_words
from iotscan.scan.watching import Watching
from tests.assess.comparisons import run_of
from tests.assess.test_lists import listing
from tests.model.test_lasting import M1, M2, dev

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def leaf(number: int = 1, *, key: int = 1, by: str = "CN=Acme CA", left: int = 200, life: int = 390) -> Certificate:
    ends = NOW + timedelta(days=left)
    return Certificate(
        subject="CN=gw", issuer=by, serial=f"{number}", not_before=ends - timedelta(days=life), not_after=ends,
        key_type="ec", key_bits=256, signature_hash="sha256", sha256=f"{number:064x}", spki_sha256=f"{key:x}" * 64,
        is_self_issued=by == "CN=gw",
    )  # fmt: skip


def chain(
    certificate: Certificate, *, by: tuple[str, ...] = (), name: str = "", engine: str = "sslyze"
) -> CertificateChain:
    return CertificateChain(
        certificates=(certificate,), trusted=Answer.of(bool(by)), trusted_by=by, ocsp_stapled=Answer.of(False),
        engine=engine, server_name=name,
    )  # fmt: skip


def told(old: CertificateChain, new: CertificateChain) -> str:
    found = [shift_words(s) for s in renewals({"tcp/443": old}, {"tcp/443": new}, NOW)]
    return "; ".join(found)


def authority(certificate: Certificate, key: str) -> Certificate:
    said = Extensions(version=3, signature_algorithm="ecdsa-with-SHA256", authority_key=key)
    return replace(certificate, extensions=said)


def test_the_same_and_a_renewal_in_time_are_no_difference() -> None:
    assert told(chain(leaf()), chain(leaf())) == ""
    assert told(chain(leaf(left=20)), chain(leaf(2, key=2))) == ""
    assert told(chain(leaf(left=-3)), chain(leaf(2, key=2))) == ""
    assert told(chain(leaf(left=25, life=90)), chain(leaf(2, key=2, life=90))) == ""


def test_a_signer_that_changed() -> None:
    assert told(chain(leaf(left=20)), chain(leaf(2, key=2, by="CN=Other"))) == (
        "certificate: tcp/443 issued by CN=Acme CA -> issued by CN=Other "
        "(another signer, with a new key, near the end of the one before)"
    )
    assert "with the same key" in told(chain(leaf()), chain(leaf(2, by="CN=Other")))
    assert "issued by itself" in told(chain(leaf()), chain(leaf(2, key=2, by="CN=gw")))
    one, other = authority(leaf(left=20), "aa"), authority(leaf(2, key=2), "bb")
    assert "another signer of the same name" in told(chain(one), chain(other))
    assert told(chain(one), chain(authority(other, "aa"))) == ""


def test_a_key_that_changed_long_before_the_end() -> None:
    assert told(chain(leaf()), chain(leaf(2, key=2))) == (
        "certificate: tcp/443 until 2027-06-10, key 1111111111111111 -> until 2027-06-10, key 2222222222222222 "
        "(another key, though the one before was good for 200 days more)"
    )
    assert "another key" in told(chain(leaf(by="CN=gw")), chain(leaf(2, key=2, by="CN=gw")))


def test_a_key_that_stayed() -> None:
    assert "renewed with the same key" in told(chain(leaf(left=5)), chain(leaf(2, left=390)))


@pytest.mark.parametrize(("issuer", "is_told"), [("CN=R12,O=Example Trust,C=US", False), ("CN=X,O=Other,C=US", True)])
def test_public_authorities_change_under_one_name(issuer: str, is_told: bool) -> None:
    one = chain(leaf(by="CN=R11,O=Example Trust,C=US", left=20), by=("Mozilla",))
    assert bool(told(one, chain(leaf(2, key=2, by=issuer), by=("Mozilla", "system")))) == is_told
    assert told(one, chain(leaf(2, key=2, by=issuer), by=("acme.pem",)))


def test_another_name_or_another_reader_means_another_certificate() -> None:
    rsa = replace(leaf(2, key=2), key_type="rsa")
    assert told(chain(leaf()), chain(leaf(2, key=2), name="gw.example")) == ""
    assert told(chain(leaf()), chain(rsa, engine="hello")) == ""
    assert "another key" in told(chain(leaf()), chain(rsa))


def seen(certificate: Certificate, device: str = "d1", address: str = "192.0.2.1") -> Observation:
    subject = Subject(device=device, address=address, service="tcp/443")
    return observe(chain(certificate), subject, probe="certificate/2")


def runs(old: Certificate, new: Certificate, mac: str, other: str) -> tuple[Run, Run]:
    return (
        run_of(devices=[dev(1, mac)], seen=[seen(old)], id="old"),
        run_of(devices=[dev(1, other)], seen=[seen(new)], id="new"),
    )


def test_it_is_told_of_a_device_that_both_runs_saw() -> None:
    found = compare(*runs(leaf(), leaf(2, key=2), M1, M1))
    (member,) = found.members
    assert [s.what for s in member.shifts] == ["certificate"]
    assert found.differs
    assert not compare(*runs(leaf(), leaf(), M1, M1)).differs


def test_what_cannot_be_read_is_no_difference() -> None:
    damaged = replace(leaf(2, key=2), extensions=None, defects=("its extensions cannot be read",))
    assert not compare(*runs(leaf(), damaged, M1, M1)).differs
    assert not compare(*runs(damaged, leaf(), M1, M1)).differs


def test_of_who_may_be_another_device_it_is_a_note() -> None:
    old, new = runs(leaf(life=5000, left=3000), leaf(2, key=2, life=5000, left=3000), "", "")
    (note,) = (n for n in compare(old, new).notes if "tcp/443" in n)
    assert note.startswith("192.0.2.1 tcp/443")
    assert note.endswith("it may be another device")


def test_a_watch_tells_it_once() -> None:
    def round_of(certificate: Certificate) -> Run:
        return replace(listing(dev(1, M1), dev(2, M2)), observations=(seen(certificate),))

    watch, shifts = Watching(), list[list[Shift]]()
    for number, one in enumerate((leaf(), leaf(2, key=2), leaf(2, key=2)), 1):
        events = watch.take(round_of(one), number)
        shifts.append([s for e in events for s in e.shifts if s.what == "certificate"])
    assert [len(s) for s in shifts] == [0, 1, 0]
