import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.disclosure import told


def kinds(body: bytes) -> dict[str, str]:
    return {thing.kind: thing.word for thing in told(body)}


@pytest.mark.parametrize(
    ("document", "shown"),
    [
        ({"type": "SHSW-25", "mac": "A4CF12F45678", "fw": "20230913-114010/v1.14.0"}, {"firmware": "fw", "mac": "mac"}),
        (
            {"device": {"Serial-Number": "AB12-334455", "fw_version": "2.1"}},
            {"firmware": "fw_version", "serial": "Serial-Number"},
        ),
        ([{"net": {"macAddress": "00:40:8c:01:02:03"}}], {"mac": "macAddress"}),
        ({"serial": None, "fw": True, "mac": "none", "firmware": "none"}, {}),
        ({"serial": "unknown", "fw": "1.2", "mac": "00:00:00:00:00:00"}, {"firmware": "fw"}),
        ({"serial": "00000000", "mac": "000000000000"}, {}),
        ({"serialized": "12345", "machine": "00:40:8c:01:02:03"}, {}),
        ({"a": {"b": {"c": {"d": {"fw": "1.2"}}}}}, {}),
    ],
)
def test_documents(document: object, shown: dict[str, str]) -> None:
    assert kinds(json.dumps(document).encode()) == shown


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (
            b"<td>Firmware Version</td><td>V2.10.4</td><td>Serial&nbsp;No.</td><td>: CAM0012345</td>",
            {"firmware": "Firmware", "serial": "Serial"},
        ),
        (b"<p>MAC address: 00:40:8c:01:02:03 software 3.1", {"firmware": "software", "mac": "MAC"}),
        (b"<p>Download the latest firmware. Enter the serial number: <input>", {}),
        (b"<p>Serial number: 0000000 MAC address: 00:00:00:00:00:00", {}),
        (b"<p>A serial story in 12.5 parts: nothing", {}),
    ],
)
def test_pages(page: bytes, shown: dict[str, str]) -> None:
    assert kinds(page) == shown


def test_no_value_is_kept() -> None:
    found = told(b'{"serial": "CAM0012345", "mac": "A4CF12F45678", "fw": "1.2.3"}')
    assert not any(value in repr(found) for value in ("CAM0012345", "A4CF12F45678", "1.2.3"))


@pytest.mark.parametrize("piece", [b"<", b"<a ", b"serial: ", b"mac 00:", b'{"a":[', b"firmware "])
def test_time_grows_with_the_length_alone(piece: bytes) -> None:
    told(piece * (1_000_000 // len(piece)))


@given(
    st.binary(max_size=80) | st.text(max_size=60).map(lambda t: json.dumps({"serial": t, "fw": t, "mac": [t]}).encode())
)
def test_any_bytes_tell_something_or_nothing(body: bytes) -> None:
    assert all(thing.word for thing in told(body))
