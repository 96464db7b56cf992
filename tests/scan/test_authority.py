"""Who may scan what: private addresses need no paper, the public and grants do."""

import socket
from datetime import UTC, datetime

import anyio
import pytest

from iotscan.model.errors import BadInput
from iotscan.model.scope import Grants, InScope, Mandate, OutOfBounds, Permits, Scope
from iotscan.observe.network.attached import Attached
from iotscan.scan.authority import (
    excluded_by_one_family,
    may_ask_all,
    require_authority,
    who_hears_all_the_same,
    within,
    words_of,
)
from iotscan.scan.targets import Targets, read_network, read_targets

NOW = datetime(2026, 11, 10, tzinfo=UTC)
CREDS = Grants(default_creds=True)


def mandate(*networks: str, permits: Permits = Permits(), out: tuple[str, ...] = (), ports: bool = False) -> Mandate:
    return Mandate(
        engagement="ACME-1",
        client="ACME",
        assessor="Example",
        authorized_by="Max Muster",
        reference="SOW-1",
        not_before="2026-11-01T00:00:00+00:00",
        not_after="2026-12-01T00:00:00+00:00",
        expires="2026-12-01",
        in_scope=(InScope(networks=networks, ports=((80, 80),) if ports else ()),),
        out_of_scope=(OutOfBounds(networks=out, reason="medical"),) if out else (),
        permits=permits,
        file="scope.yaml",
        sha256="0" * 64,
    )


ALLOWED = [
    Scope(include=("10.0.0.0/24", "192.168.1.7/32", "fd00::/64", "127.0.0.0/8")),
    Scope(include=("127.0.0.0/8", "::1/128"), grants=CREDS),
    Scope(include=("9.9.9.9/32",), mandate=mandate("9.9.9.9/32")),
    Scope(include=("10.0.0.0/24",), grants=CREDS, mandate=mandate("10.0.0.0/24", permits=Permits(default_creds=True))),
    Scope(
        include=("10.0.0.0/24",),
        grants=Grants(intrusive=True, backends=("a.example",)),
        mandate=mandate("10.0.0.0/24", permits=Permits(intrusive=True, backends=("a.example",))),
    ),
]
REFUSED = [
    (Scope(include=("0.0.0.0/32",)), "0.0.0.0 is no device's address: it is never asked"),
    (Scope(include=("10.0.0.0/24", "169.254.169.254/32")), "169.254.169.254 is the metadata service"),
    (Scope(include=("224.0.0.0/24",), mandate=mandate("224.0.0.0/4")), "a multicast address"),
    (Scope(include=("2001:0:808::1/128",)), "is a public network"),
    (Scope(include=("10.0.0.0/24", "9.9.9.9/32")), "9.9.9.9/32 is a public network.*iotscan scope init"),
    (Scope(include=("10.0.0.0/24",), grants=CREDS), "--default-creds on 10.0.0.0/24 needs a scope file"),
    (Scope(include=("127.0.0.1/32", "10.0.0.1/32"), grants=CREDS), "--default-creds on 10.0.0.1/32"),
    (Scope(include=("10.0.0.1/32",), grants=Grants(intrusive=True)), "--intrusive on"),
    (Scope(include=("10.0.0.1/32",), grants=Grants(backends=("a.example",))), "--backend a.example on"),
    (Scope(include=("10.0.0.0/24",), grants=CREDS, mandate=mandate("10.0.0.0/24")), "not permitted by scope.yaml"),
    (Scope(include=("127.0.0.1/32",), grants=CREDS, mandate=mandate("127.0.0.1/32")), "not permitted by scope.yaml"),
    (
        Scope(
            include=("10.0.0.1/32",),
            grants=Grants(backends=("b.example",)),
            mandate=mandate("10.0.0.1/32", permits=Permits(backends=("a.example",))),
        ),
        "--backend b.example is not permitted",
    ),
    (
        Scope(include=("10.0.0.1/32",), mandate=mandate("10.0.0.1/32", permits=Permits(active=False))),
        "does not permit active probing",
    ),
]


@pytest.mark.parametrize("scope", ALLOWED)
def test_allowed(scope: Scope) -> None:
    require_authority(scope, NOW)


@pytest.mark.parametrize(("scope", "says"), REFUSED)
def test_refused(scope: Scope, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        require_authority(scope, NOW)


@pytest.mark.parametrize("moment", [datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)])
def test_refused_outside_the_window(moment: datetime) -> None:
    with pytest.raises(BadInput, match="nothing may be sent now: the window of ACME-1"):
        require_authority(Scope(include=("10.0.0.1/32",), mandate=mandate("10.0.0.1/32")), moment)


def targets(*words: str) -> Targets:
    async def nobody(_: str) -> tuple[str, ...]:
        return ()

    async def read() -> Targets:
        return await read_targets(words, (), resolve=nobody)

    return anyio.run(read)


def test_targets_within() -> None:
    held = mandate("10.0.0.0/28", out=("10.0.0.3/32",))
    assert within(targets("10.0.0.0/29"), held).addresses == tuple(f"10.0.0.{n}" for n in (1, 2, 4, 5, 6))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("10.0.0.0/24",), r"10\.0\.0\.16 is not in the scope file; .* \(and 236 more\)"),
        (("10.0.0.1", "10.0.1.1"), r"10\.0\.1\.1 is not in the scope file"),
        (("10.0.0.3",), r"10\.0\.0\.3 is out of scope: medical"),
        (("10.0.0.0/29", "10.0.0.3"), r"10\.0\.0\.3 is out of scope: medical"),
    ],
)
def test_targets_outside_are_named(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        within(targets(*words), mandate("10.0.0.0/28", out=("10.0.0.3/32",)))


def test_a_mandate_is_its_own_list_of_targets() -> None:
    held = mandate("10.0.0.0/30", "10.0.0.9/32", "2001:db8::1/128")
    assert targets(*words_of(held)).addresses == (*(f"10.0.0.{n}" for n in (0, 1, 2, 3, 9)), "2001:db8::1")


LINK = Attached(interface="eth0", address="10.0.0.2", network="10.0.0.0/24")


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        (None, True),
        (mandate("10.0.0.0/24"), True),
        (mandate("10.0.0.0/16", out=("10.0.0.0/32", "10.0.0.255/32")), True),
        (mandate("10.0.0.0/25"), False),
        (mandate("10.0.0.0/24", out=("10.0.0.66/32",)), False),
        (mandate("10.0.0.0/24", ports=True), False),
    ],
)
def test_everybody_is_asked_only_where_everybody_is_in_scope(held: Mandate | None, asked: bool) -> None:
    assert may_ask_all((LINK,), held) == (((LINK,), ()) if asked else ((), ("10.0.0.0/24",)))


@pytest.mark.parametrize(("zone", "instead"), [("enp0s9", "call it 'eth0'"), ("eth7", "name one of this machine's")])
def test_what_is_out_on_a_link_that_nobody_here_calls_so_is_no_bound(
    zone: str, instead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"eth0": 2, "enp0s9": 2}
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: names.get(name) or _no_such())
    monkeypatch.setattr(socket, "if_indextoname", lambda _: "eth0")
    forbidden = mandate("fe80::/64", out=(f"fe80::1%{zone}/128",))
    with pytest.raises(BadInput, match=instead):
        require_authority(Scope(include=("fe80::/64",), mandate=forbidden), NOW)
    require_authority(Scope(include=("fe80::/64",), mandate=mandate("fe80::/64", out=("fe80::1%eth0/128",))), NOW)


def test_a_further_name_of_an_interface_is_read_as_its_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda _: 2)
    monkeypatch.setattr(socket, "if_indextoname", lambda _: "eth0")
    assert list(map(str, read_network("fe80::1%enp0s9") or ())) == ["fe80::1%eth0/128"]


def test_the_excluded_on_a_link_are_said_to_hear_what_all_are_asked() -> None:
    links = (
        Attached(interface="eth0", address="192.0.2.9", network="192.0.2.0/24"),
        Attached(interface="eth1", address="fe80::9%eth1", network="fe80::%eth1/64"),
    )
    networks = ("192.0.2.0/24", "fe80::/64")
    ends = ("192.0.2.0/32", "192.0.2.255/32")
    assert not list(who_hears_all_the_same(Targets(addresses=(), networks=networks, excluded=ends), links))
    excluded = ("192.0.2.66/32", "198.51.100.7/32", *ends, "fe80::1%eth1/128")
    told = list(who_hears_all_the_same(Targets(addresses=(), networks=networks, excluded=excluded), links))
    assert [words.partition(": ")[0] for words in told] == ["192.0.2.66", "fe80::1%eth1"]
    assert "hears what all on eth0 are asked by multicast" in told[0]


@pytest.mark.parametrize(
    ("networks", "excluded", "forbidden", "says"),
    [
        (("192.0.2.0/24", "fe80::/64"), ("192.0.2.5/32",), (), "192.0.2.5: excluded by IPv4 alone"),
        (("192.0.2.0/24", "fe80::/64"), (), ("fe80::5%eth0/128",), "fe80::5%eth0: excluded by IPv6 alone"),
        (("192.0.2.0/24", "fe80::/64"), ("192.0.2.5/32", "fe80::5/128"), (), ""),
        (("192.0.2.0/24", "fe80::/64"), ("192.0.2.0/32", "192.0.2.255/32"), (), ""),
        (("192.0.2.0/24",), ("192.0.2.5/32",), (), ""),
    ],
)
def test_a_device_excluded_by_one_family_is_said_to_be_asked_by_the_other(
    networks: tuple[str, ...], excluded: tuple[str, ...], forbidden: tuple[str, ...], says: str
) -> None:
    given = mandate(*networks, out=forbidden) if forbidden else None
    told = list(excluded_by_one_family(Targets(addresses=(), networks=networks, excluded=excluded), given))
    assert [words.partition(", and ")[0] for words in told] == ([says] if says else [])


def _no_such() -> int:
    raise OSError(19, "No such device")
