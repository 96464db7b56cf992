from typing import Literal

from iotscan.model.facts import Claim, Commissioning, CommissioningWindow, Fact, OtaInterface
from iotscan.scan.announced_facts import facts_of
from iotscan.wire.dns_sd import text_claims


def txt(*fields: bytes) -> bytes:
    return b"".join(bytes((len(field),)) + field for field in fields)


def facts(kind: str, *fields: bytes) -> list[Fact]:
    return list(facts_of(tuple(text_claims(txt(*fields), kind))))


def window(system: Literal["matter", "homekit"], said: str, *, is_open: bool) -> list[Commissioning]:
    return [Commissioning(windows=(CommissioningWindow(system=system, is_open=is_open, said=said),))]


def test_matter_says_whether_it_can_be_commissioned() -> None:
    assert facts("_matterc._udp", b"CM=0", b"D=840") == window("matter", "CM=0", is_open=False)
    assert facts("_matterc._udp", b"D=840", b"VP=65521+32769", b"cm=2") == window("matter", "CM=2", is_open=True)


def test_homekit_says_by_a_flag_whether_somebody_has_paired() -> None:
    assert facts("_hap._tcp", b"sf=1", b"ci=8") == window("homekit", "sf=1", is_open=True)
    assert facts("_hap._tcp", b"sf=4", b"md=Plug") == window("homekit", "sf=4", is_open=False)
    assert facts("_hap._udp", b"sf=5", b"md=Plug") == window("homekit", "sf=5", is_open=True)


def test_what_is_no_number_or_of_another_type_says_nothing() -> None:
    assert facts("_matterc._udp", b"CM=yes", b"CM=", b"CM", b"CM=-1", b"CM=999999", b"CM=\xc2\xb2", b"DN=x") == [
        Commissioning()
    ]
    assert facts("_http._tcp", b"cm=1", b"sf=1", b"md=Cam") == [Commissioning()]


def test_who_was_not_heard_by_mdns_has_said_nothing() -> None:
    assert list(facts_of([Claim(what="uuid", value="x", how="ssdp")])) == []
    assert list(facts_of([])) == []


def test_an_upload_is_told_as_well() -> None:
    told = facts("_arduino._tcp", b"auth_upload=no")
    assert [type(fact) for fact in told] == [OtaInterface, Commissioning]
