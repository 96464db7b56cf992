import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.wire import upnp
from tests.wire.test_hostile_answers import BOMBS

STANDARD = "urn:schemas-upnp-org:service:"


def description(*services: tuple[str, str]) -> bytes:
    listed = "".join(
        f"<service><serviceType>{kind}</serviceType><SCPDURL>{place}</SCPDURL><controlURL>/ctl</controlURL></service>"
        for kind, place in services
    )
    inner = f"<device><deviceType>WANConnectionDevice</deviceType><serviceList>{listed}</serviceList></device>"
    return (
        '<root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>x</deviceType>'
        f"<deviceList>{inner}</deviceList></device></root>"
    ).encode()


def actions(*names: str) -> bytes:
    listed = "".join(
        f"<action><name>{name}</name><argumentList><argument><name>NewPort</name></argument></argumentList></action>"
        for name in names
    )
    return f'<scpd xmlns="urn:schemas-upnp-org:service-1-0"><actionList>{listed}</actionList></scpd>'.encode()


def test_services_of_an_embedded_device() -> None:
    found = upnp.read_services(description((f"{STANDARD}WANIPConnection:2", "/a.xml"), (f"{STANDARD}Layer3:1", "")))
    assert found == (
        upnp.UpnpService(kind="WANIPConnection:2", actions="/a.xml"),
        upnp.UpnpService(kind="Layer3:1"),
    )
    assert [service.maps_ports for service in found] == [True, False]


def test_actions_and_not_their_arguments() -> None:
    assert upnp.read_actions(actions("GetInfo", "AddPortMapping")) == ("GetInfo", "AddPortMapping")
    assert upnp.read_actions(actions()) == ()


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"<root></root>", b"<scpd>", b"\xff\xfe", b"<root><device/>"])
def test_what_is_no_document_of_upnp(data: bytes) -> None:
    assert upnp.read_services(data) is None
    assert upnp.read_actions(data) is None


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str) -> None:
    assert upnp.read_services(BOMBS[name].encode()) is None
    assert upnp.read_actions(BOMBS[name].encode()) is None


def test_lists_have_an_end() -> None:
    found = upnp.read_services(description(*((f"x:{n}", "") for n in range(500))))
    assert found is not None
    assert len(found) == upnp.SERVICES_LIMIT
    listed = upnp.read_actions(actions(*(f"A{n}" for n in range(900))))
    assert listed is not None
    assert len(listed) == 200


@settings(max_examples=40)
@given(st.text(max_size=60), st.binary(max_size=80))
def test_any_text_is_made_safe_and_any_bytes_are_read(text: str, data: bytes) -> None:
    upnp.read_services(data)
    upnp.read_actions(data)
    for found in (upnp.read_services(description((text, text))), upnp.read_services(description((STANDARD, text)))):
        assert all(service.kind.isprintable() for service in found or ())
    assert all(name.isprintable() for name in upnp.read_actions(actions(text)) or ())
