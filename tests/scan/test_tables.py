"""A table of devices is a list to compare with: ours comes back as it was, anything else is read or refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.comparing import compare
from iotscan.model.device import Device, Service
from iotscan.model.errors import BadInput
from iotscan.model.facts import Claim
from iotscan.model.run import Run
from iotscan.report.registry import write
from iotscan.scan.tables import read_list
from tests.assess.test_lists import by_what, listing, swept
from tests.model.test_lasting import M1, M2, dev
from tests.report.hostile import is_harmless

HALL = replace(
    dev(1, M1),
    addresses=("192.0.2.1", "2001:db8::1"),
    claims=(Claim(what="name", value="=HYPERLINK(hall)", how="mdns"),),
    services=(Service(transport="tcp", port=80, protocol="http"), Service(transport="udp", port=161, protocol="snmp")),
    found_by=("answers ARP", "mdns"),
)


def table(folder: Path, text: str) -> Run:
    path = folder / "list.csv"
    path.write_text(text)
    return read_list(str(path), folder)


def test_our_own_table_comes_back(tmp_path: Path) -> None:
    (read, other) = table(tmp_path, write(listing(HALL, dev(2, M2)), "csv")).devices
    assert (read.addresses, read.mac, read.label, read.found_by) == (HALL.addresses, M1, HALL.label, HALL.found_by)
    assert [(s.name, s.protocol) for s in read.services] == [("tcp/80", "http"), ("udp/161", "snmp")]
    assert (other.addresses, other.mac, other.services) == (("192.0.2.2",), M2, ())


def test_a_table_tells_who_came_and_moved_and_of_nobody_that_it_has_gone(tmp_path: Path) -> None:
    then = table(tmp_path, write(listing(HALL, dev(2, M2), dev(3)), "csv"))
    moved = replace(HALL, addresses=("192.0.2.9",), id="d9")
    now = listing(moved, dev(3), dev(4), seen=[swept(9, open=(80,), closed=(22,))])
    told = compare(then, now)
    (d9, d3, d4, gone) = told.members
    assert [(m.what, m.address) for m in (d9, d3, d4)] == [
        ("kept", "192.0.2.9"),
        ("kept", "192.0.2.3"),
        ("added", "192.0.2.4"),
    ]
    assert (gone.what, gone.address_before) == ("gone", "192.0.2.2")
    assert [(s.what, s.before) for s in d9.shifts] == [("address", "192.0.2.1, 2001:db8::1")]
    back = compare(now, then)
    assert by_what(back).keys() == {"kept", "added", "not_looked_for"}
    assert {m.note for m in back.members_of("not_looked_for")} == {"list.csv does not say by which ways it looked"}


@pytest.mark.parametrize(
    "port", ["0", "65536", "000080", "000001" + "0" * 5000, "-1", "8e1", "\u0668\u0660", ""], ids=lambda p: p[:8]
)
def test_a_port_that_is_none_is_no_service(tmp_path: Path, port: str) -> None:
    (read,) = table(tmp_path, f"address,services\n192.0.2.1,tcp/{port} http; tcp/443 https\n").devices
    assert [s.name for s in read.services] == ["tcp/443"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_of_somebody_else(tmp_path: Path, delimiter: str) -> None:
    rows = [["Hostname", "IP", "MAC Address"], ["hall", "192.0.2.1", "00-11-22-33-44-55"], ["", "no address", "x"]]
    (read,) = table(tmp_path, "\n".join(map(delimiter.join, rows))).devices
    assert (read.address, read.label, read.mac) == ("192.0.2.1", "hall", M1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name\nhall\n", "has no column 'address' or 'ip'"),
        (b"address\n", "lists no device with an address"),
        (b"address\nhall\n", "lists no device with an address"),
        (b"\xff\xfe\x00", "neither a run of iotscan nor a table"),
        (b"{", "no whole run file"),
        (b"", "no whole run file"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(BadInput, match=why):
        read_list(str(tmp_path / "x"), tmp_path)


@given(st.lists(st.text(max_size=30), min_size=4, max_size=4))
def test_whatever_a_cell_says_is_made_harmless_or_left_out(cells: list[str]) -> None:
    import csv
    import io
    import tempfile

    out = io.StringIO()
    names = ["address", "name", "mac", "services", "found by"]
    csv.writer(out).writerows([names, ["192.0.2.1", *cells]])
    with tempfile.TemporaryDirectory() as folder:
        try:
            devices = table(Path(folder), out.getvalue()).devices
        except BadInput:
            return
    assert all(map(is_harmless, texts(devices)))


def texts(devices: tuple[Device, ...]) -> list[str]:
    return [t for d in devices for t in (d.mac, *d.found_by, *(c.value for c in d.claims), *map(str, d.services))]
