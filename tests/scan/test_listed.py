"""Hosts that files list: what of them becomes a target, and which ports are knocked on for them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.errors import BadInput
from iotscan.model.scope import Fence, Pace, Scope
from iotscan.observe.network.ports import FRAGILE
from iotscan.scan.listed import PORTS, listed_in, with_listed
from iotscan.scan.request import Plan
from tests.wire.test_nmap_xml import FILE, HEAD, host


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_files_of_nmap(tmp_path: Path) -> None:
    first = written(tmp_path, "a.xml", FILE)
    second = written(tmp_path, "b.xml", HEAD + host("192.0.2.7", ("tcp", 8443, "open")))
    listed = listed_in((first, second), ())
    assert listed.addresses == ("192.0.2.7", "2001:db8::9")
    assert listed.ports == {"192.0.2.7": (80, 443, 8443), "2001:db8::9": (8883,)}
    assert len(listed.notices) == 1
    assert "b.xml" in listed.notices[0]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("ip,name\n192.0.2.1,lamp\n192.0.2.2,plug\n", ("192.0.2.1", "192.0.2.2")),
        ("Name;IP Address;Owner\nlamp;192.0.2.1;me\nplug;;me\n", ("192.0.2.1",)),
        ("\ufeffaddress\n192.0.2.1\n192.0.2.1\n", ("192.0.2.1",)),
        ('name\taddress\n"a\tb"\t2001:DB8::1\n', ("2001:db8::1",)),
        ("address,name\nlamp.local,x\nfe80::1,y\n192.0.2.3,z\n", ("192.0.2.3",)),
        ("ip\nfe80::1%lo\nfe80::1%no-such0\n192.0.2.3%lo\n", ("fe80::1%lo",)),
        ("ip\n2001:db8::/64\n::/0\n192.0.2.3\n", ("192.0.2.3",)),
    ],
)
def test_tables(tmp_path: Path, text: str, addresses: tuple[str, ...]) -> None:
    listed = listed_in((), (written(tmp_path, "list.csv", text),))
    assert listed.addresses == addresses
    assert bool(listed.notices) == ("fe80" in text or "/" in text)


@pytest.mark.parametrize(
    "content", [b"", b"name\nlamp\n", b"ip\n", b"ip\nlamp.local\n", b"\xff\xfe\0", b"{", b'{"a": 1}']
)
def test_what_lists_nobody_is_refused(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, "list", content)
    with pytest.raises(BadInput, match="list"):
        listed_in((), (path,))
    with pytest.raises(BadInput, match="list"):
        listed_in((path,), ())
    with pytest.raises(BadInput, match="missing"):
        listed_in((tmp_path / "missing",), ())


def test_why_a_list_lists_nobody(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"can be scanned: 1 networks were left out.*; 2 entries without"):
        listed_in((), (written(tmp_path, "list", "ip\n192.0.2.0/24\nfe80::1\nlamp.local\n"),))
    with pytest.raises(BadInput, match="can be scanned: it ends, or is damaged"):
        listed_in((written(tmp_path, "cut.xml", HEAD + host("192.0.2.7", ("tcp", 80, "open"))[:40]),), ())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"ip\n" + b"1" * 200_000, "is no table"),
        (b'ip\n"' + b"1," * 100_000, "is no table"),
        (b"ip\n" + b"192.0.2.1\n" * 100_001, "more than 100,000 lines"),
        (b"ip\n192.0.2.1," + b"x" * (64 << 20), "larger than 64 MiB"),
        (b"ip\x00\n192.0.2.1\n", "no column"),
        (b'{"devices":' + b"[" * 200_000, "no whole run file"),
    ],
    ids=["line", "quote", "rows", "size", "nul", "nesting"],
)
def test_what_is_made_to_be_too_much_is_refused_by_name(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        listed_in((), (written(tmp_path, "list", content),))


def test_a_formula_is_no_address(tmp_path: Path) -> None:
    listed = listed_in((), (written(tmp_path, "list", 'ip,name\n=cmd|1,x\n192.0.2.1,"=1+1"\n'),))
    assert listed.addresses == ("192.0.2.1",)


PORT = st.integers(1, 65535)


@given(
    st.lists(PORT, max_size=8), st.lists(PORT, max_size=4), st.booleans(), st.sampled_from(["192.0.2.7", "10.9.9.9"])
)
def test_a_list_adds_no_port_that_the_scope_forbids(
    wanted: list[int], usual: list[int], only_these: bool, address: str
) -> None:
    scope = Scope(include=("192.0.2.0/28",), pace=Pace())
    plan = Plan(
        addresses=("192.0.2.7",),
        tcp=tuple(usual),
        only_these_ports=only_these,
        listed_ports={address: tuple(wanted)},
        ledger="",
    )
    added = with_listed({}, Fence(scope), plan)
    if only_these or address == "10.9.9.9":
        assert added == {}
    else:
        assert set(added.get(address, ())) == set(wanted) - set(usual) - FRAGILE
    assert len(added.get(address, ())) <= PORTS
