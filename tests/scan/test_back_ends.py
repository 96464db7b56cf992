"""Servers that devices talk to: read, looked up once, permitted by name, and fenced in at the port that was granted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import anyio
import msgspec
import pytest

from iotscan.model.errors import BadInput
from iotscan.model.scope import BackEnd, Fence, Grants, InScope, Mandate, OutOfBounds, Permits, Scope
from iotscan.scan.authority import require_authority, require_permitted
from iotscan.scan.back_ends import in_words, is_permitted, ports_of, read_back_ends, read_word, require_within, unheard
from iotscan.scan.name_lookup import read_resolver, system_resolver
from iotscan.scan.targets import BadTarget, Resolver

NOW = datetime(2026, 11, 27, tzinfo=UTC)
API = BackEnd(word="api.acme.example:443", name="api.acme.example", address="203.0.113.5", port=443)
BROKER = BackEnd(word="broker.acme.example", name="broker.acme.example", address="203.0.113.6")


def resolver(known: Mapping[str, tuple[str, ...]]) -> Resolver:
    async def resolve(name: str) -> tuple[str, ...]:
        return known.get(name, ())

    return resolve


def read(*words: str, targets: tuple[str, ...] = (), **known: tuple[str, ...]) -> tuple[BackEnd, ...]:
    names = {name.replace("_", "."): addresses for name, addresses in known.items()}
    return anyio.run(partial(read_back_ends, words, resolve=resolver(names), targets=targets))


def mandate(*backends: str, networks: tuple[str, ...] = (), out: tuple[str, ...] = ()) -> Mandate:
    return Mandate(
        engagement="ACME-1",
        client="ACME",
        assessor="us",
        authorized_by="Max",
        reference="SOW-1",
        not_before="2026-11-26T00:00:00+00:00",
        not_after="2026-11-28T00:00:00+00:00",
        expires="2026-11-30",
        in_scope=(InScope(networks=networks),) if networks else (),
        out_of_scope=(OutOfBounds(networks=out, reason="the operator says no"),) if out else (),
        permits=Permits(backends=backends),
        file="scope.yaml",
        sha256="0" * 64,
    )


def scope(*servers: BackEnd, given: Mandate | None, include: tuple[str, ...] = (), **grants: bool) -> Scope:
    return Scope(
        include=(*include, *(f"{server.address}/32" for server in servers)),
        grants=Grants(backends=tuple(server.word for server in servers), **grants),
        backends=servers,
        mandate=given,
    )


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("broker.acme.example", ("broker.acme.example", 0)),
        ("Broker.ACME.example.:8883", ("broker.acme.example", 8883)),
        ("203.0.113.6:8883", ("203.0.113.6", 8883)),
        ("2001:db8::6", ("2001:db8::6", 0)),
        ("[2001:DB8::6]:8883", ("2001:db8::6", 8883)),
        ("::ffff:203.0.113.6", ("203.0.113.6", 0)),
    ],
)
def test_a_word_is_a_host_and_a_port(word: str, expected: tuple[str, int]) -> None:
    assert read_word(word) == expected


@pytest.mark.parametrize(
    "word",
    [
        *("", ":", "mqtts://broker.acme.example", "203.0.113.0/24", "broker.acme.example:0", "host:65536", "host:http"),
        *("[2001:db8::6", "[::g]:1", "1.2.3", "a b", "host\x1b[2J", "host:1:2"),
    ],
)
def test_what_is_no_server_is_one_clear_line(word: str) -> None:
    with pytest.raises(BadTarget) as told:
        read_word(word)
    assert "\n" not in str(told.value)
    assert "\x1b" not in str(told.value)


def test_a_name_is_looked_up_once_and_stands_for_one_address() -> None:
    (server,) = read("api.acme.example:443", api_acme_example=("203.0.113.5", "203.0.113.55"))
    assert server == API
    assert list(in_words([server])) == ["api.acme.example at 203.0.113.5, port 443 alone"]


def test_two_ports_of_one_server_are_one_server() -> None:
    servers = read("api.acme.example:443", "api.acme.example:8883", api_acme_example=("203.0.113.5",))
    assert ports_of(servers) == {"203.0.113.5": (443, 8883)}
    assert ports_of((*servers, BackEnd(word="api", name="api", address="203.0.113.5"))) == {}


def test_a_second_name_of_one_address_takes_another_address_or_a_run_of_its_own() -> None:
    shared = {"a_example": ("203.0.113.5", "203.0.113.55"), "b_example": ("203.0.113.5", "203.0.113.55")}
    assert [s.address for s in read("a.example", "b.example", **shared)] == ["203.0.113.5", "203.0.113.55"]
    with pytest.raises(BadTarget, match="a run each"):
        read("a.example", "b.example", a_example=("203.0.113.5",), b_example=("203.0.113.5",))


def test_a_name_without_an_address_is_refused() -> None:
    with pytest.raises(BadTarget, match="has no address"):
        read("nowhere.example")


def test_one_that_is_a_target_is_asked_as_one() -> None:
    servers = read("203.0.113.5:443", targets=("203.0.113.5",))
    assert ports_of(servers) == {}


def test_one_that_is_a_target_is_asked_on_no_port_that_neither_grant_nor_scope_file_holds() -> None:
    servers = read("203.0.113.5:8883", targets=("203.0.113.5",))
    held = (InScope(networks=("203.0.113.0/24",), ports=((443, 443),)),)
    fence = Fence(scope(*servers, given=msgspec.structs.replace(mandate("203.0.113.5:8883"), in_scope=held)))
    assert [port for port in (22, 443, 8883) if fence.allows("203.0.113.5", port)] == [443, 8883]


@pytest.mark.parametrize("address", ["192.168.1.1", "127.0.0.1", "::1", "fd00::7", "100.100.100.200"])
def test_a_permitted_name_does_not_lead_into_somebodys_own_network(address: str) -> None:
    """Whoever answers for the name would else choose what is asked."""
    servers = read("api.acme.example", api_acme_example=(address,))
    network = str(ip_network(address))
    asked = Scope(include=(network,), grants=Grants(backends=("api.acme.example",)), backends=servers)
    with pytest.raises(BadInput, match=r"its name leads to .* have the address added to in_scope"):
        require_authority(msgspec.structs.replace(asked, mandate=mandate("api.acme.example")), NOW)
    meant = mandate("api.acme.example", networks=(network,))
    require_authority(msgspec.structs.replace(asked, mandate=meant), NOW)


def test_a_name_that_is_not_permitted_is_refused_without_a_look_at_its_address() -> None:
    with pytest.raises(BadInput, match=r"--backend other\.example is not permitted"):
        require_permitted(("api.acme.example:443", "other.example"), mandate("api.acme.example"))


@pytest.mark.parametrize(
    ("word", "permitted", "expected"),
    [
        ("broker.acme.example:8883", ("broker.acme.example",), True),
        ("BROKER.acme.example", ("broker.acme.example.",), True),
        ("broker.acme.example:8883", ("broker.acme.example:8883",), True),
        ("broker.acme.example:1883", ("broker.acme.example:8883",), False),
        ("broker.acme.example", ("broker.acme.example:8883",), False),
        ("broker.acme.example", ("acme.example", "bad word"), False),
    ],
)
def test_a_scope_file_permits_by_name(word: str, permitted: tuple[str, ...], expected: bool) -> None:
    assert is_permitted(word, mandate(*permitted)) is expected
    assert not is_permitted(word, None)


def test_without_a_scope_file_only_this_machine_is_asked() -> None:
    require_authority(scope(BackEnd(word="localhost:8883", name="localhost", address="127.0.0.1"), given=None), NOW)
    own = BackEnd(word="::1", name="::1", address="::1")
    require_authority(Scope(include=("::1/128",), grants=Grants(backends=("::1",)), backends=(own,)), NOW)
    for server in (API, BackEnd(word="192.168.1.7", name="192.168.1.7", address="192.168.1.7")):
        with pytest.raises(BadInput, match=r"--backend .* is asked only where a scope file permits it"):
            require_authority(scope(server, given=None), NOW)


def test_a_server_of_this_machine_needs_no_scope_file_for_the_network_beside_it() -> None:
    own = BackEnd(word="localhost", name="localhost", address="127.0.0.1")
    require_authority(scope(own, given=None, include=("192.168.1.0/24",)), NOW)
    with pytest.raises(BadInput, match="--intrusive"):
        require_authority(scope(own, given=None, include=("192.168.1.0/24",), intrusive=True), NOW)


def test_a_scope_file_that_does_not_name_it_refuses() -> None:
    require_authority(scope(API, given=mandate("api.acme.example")), NOW)
    with pytest.raises(BadInput, match=r"--backend api\.acme\.example:443 is not permitted"):
        require_authority(scope(API, given=mandate("broker.acme.example", networks=("203.0.113.0/24",))), NOW)


def test_what_no_scope_can_allow_is_refused_for_servers_too() -> None:
    metadata = BackEnd(word="api.acme.example", name="api.acme.example", address="169.254.169.254")
    with pytest.raises(BadInput, match="never asked"):
        require_authority(scope(metadata, given=mandate("api.acme.example")), NOW)


def test_the_fence_lets_the_granted_port_through_and_no_other() -> None:
    fence = Fence(scope(API, BROKER, given=mandate("api.acme.example", "broker.acme.example")))
    assert fence.allows("203.0.113.5")
    assert fence.allows("203.0.113.5", 443)
    assert fence.refusal("203.0.113.5", 80) == "is a back end that was granted at port 443 alone"
    assert fence.allows("203.0.113.6", 1883)
    assert not fence.allows("203.0.113.7")


def test_a_network_of_the_scope_file_opens_no_further_port_of_a_server() -> None:
    fence = Fence(scope(API, given=mandate("api.acme.example", networks=("203.0.113.0/24",))))
    assert not fence.allows("203.0.113.5", 80)


def test_out_of_scope_wins_over_a_name() -> None:
    given = mandate("api.acme.example", out=("203.0.113.0/28",))
    fence = Fence(scope(API, given=given))
    assert fence.refusal("203.0.113.5", 443) == "is out of scope: the operator says no"
    with pytest.raises(BadTarget, match=r"api.acme.example:443: its address 203.0.113.5 is out of scope"):
        require_within([API], fence)
    excluded = Scope(include=("203.0.113.5/32",), exclude=("203.0.113.5/32",), backends=(API,))
    assert not Fence(excluded).allows("203.0.113.5", 443)


def test_who_did_not_answer_is_told() -> None:
    assert unheard([API, BROKER], ["203.0.113.6"]) == (
        "back end api.acme.example at 203.0.113.5, port 443 alone: it did not answer, and nothing is known of it",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nameserver 192.0.2.53\nnameserver 192.0.2.54\n", "192.0.2.53"),
        ("# nameserver 192.0.2.1\nsearch example\nnameserver\t2001:db8::53\n", "2001:db8::53"),
        ("nameserver resolver.example\nnameserver 192.0.2.54\n", "192.0.2.54"),
        ("options timeout:1\n", ""),
    ],
)
def test_the_resolver_of_this_machine(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "resolv.conf").write_text(text)
    assert system_resolver(tmp_path / "resolv.conf") == expected
    assert system_resolver(tmp_path / "nothing") == ""


def test_a_resolver_is_an_address() -> None:
    assert read_resolver("::ffff:192.0.2.53") == "192.0.2.53"
    with pytest.raises(BadInput, match="is no address"):
        read_resolver("dns.example\x1b[2J")
