"""What the user asks to scan, read into addresses before anything is sent.

A target is an address, a CIDR, a range (``192.0.2.10-20`` or ``192.0.2.10-192.0.2.40``), a host
name, ``file:PATH``, or ``-`` for standard input. A link-local address is on a link, and says on which:
``fe80::1%eth0``. Everything is checked before the first packet.
"""

import re
import socket
import sys
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Network, ip_network, summarize_address_range
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.scope import Address, Network, canonical, ends_of, holds, lies_in, unmapped, with_zone, zone_of
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import Attached, interface_called

MAX_HOSTS = 4096
"""Addresses one scan takes on without ``--max-hosts``: a /20."""
_NAME = re.compile(
    r"(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
)
_FILE_LIMIT = 4 * 1024 * 1024
VAST = 112
"""An IPv6 network with a shorter prefix is in scope, and nobody asks its addresses one by one: all on its link are
asked at once, and who answers is there."""

Resolver = Callable[[str], Awaitable[tuple[str, ...]]]


class BadTarget(BadInput):
    """A target that cannot be scanned: says which, why, and what to write instead."""


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses to scan, in order and without repeats, and the names the user gave for some of them."""

    addresses: tuple[str, ...]
    names: dict[str, str] = {}
    """Address -> host name, for SNI, Host headers and the report."""
    networks: tuple[str, ...]
    """What was asked for as networks: the scope. It holds more than ``addresses`` where one of them is :data:`VAST`."""
    named: tuple[str, ...] = ()
    """Those of ``addresses`` that were given one by one, by address or name."""
    excluded: tuple[str, ...] = ()
    """What must not be touched, as networks: every address of a name among them."""


def expand_words(words: Sequence[str]) -> tuple[str, ...]:
    """Replace ``-`` and ``file:PATH`` by the words in them (``#`` starts a comment). Raises BadTarget."""
    return tuple(word for given in words for word in _words_of(given))


def _words_of(given: str) -> Iterator[str]:
    if given == "-":
        yield from _listed(sys.stdin.read(_FILE_LIMIT), "standard input")
    elif given.startswith("file:"):
        path = Path(given.removeprefix("file:"))
        try:
            if path.stat().st_size > _FILE_LIMIT:
                raise BadTarget(f"targets file {path} is larger than 4 MiB: split it")
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise BadTarget(f"targets file {path} cannot be read: {reason}") from error
        yield from _listed(text, f"targets file {path}")
    else:
        yield given


def _listed(text: str, where: str) -> list[str]:
    words = [word for line in text.splitlines() for word in line.partition("#")[0].split()]
    if not words:
        raise BadTarget(f"{where} holds no targets: write one address, range or name a line")
    return words


def read_network(word: str) -> tuple[Network, ...] | None:
    """A word as networks (an address is a /32, a range several), or None when it is no address at all.

    Raises :class:`BadTarget` for something that is meant as an address and is none.
    """
    shown = safe_text(word, 80)
    if "%" in word:
        return (_read_zoned(word, shown),)
    if "/" in word:
        try:
            return (unmapped(ip_network(word, strict=False)),)
        except ValueError as error:
            raise BadTarget(f"'{shown}' is no network: write it like 192.0.2.0/24") from error
    if re.fullmatch(r"[0-9.]+-[0-9.]+", word):
        return tuple(_read_range(word, shown))
    try:
        address = canonical(word)
    except ValueError:
        if re.fullmatch(r"[0-9.]+", word) or ":" in word:
            raise BadTarget(f"'{shown}' is no address: write it like 192.0.2.7, 192.0.2.0/24 or 2001:db8::7") from None
        return None
    return (ip_network(address),)


def _read_zoned(word: str, shown: str) -> Network:
    """What is on one link: ``fe80::1%eth0`` or ``fe80::%eth0/64`` (RFC 4007 section 11). Raises BadTarget.

    The zone becomes the name of the interface, also where it was given as its number.
    """
    address, _, rest = word.partition("%")
    zone, slash, bits = rest.partition("/")
    try:
        bare = ip_network(f"{address}{slash}{bits}", strict=False)
    except ValueError as error:
        raise BadTarget(f"'{shown}' is no address on a link: write it like fe80::7%eth0 or fe80::%eth0/64") from error
    if not (isinstance(bare, IPv6Network) and bare.is_link_local):
        raise BadTarget(f"'{shown}' is not link-local, and the same on every link: leave '%' and what follows out")
    interface = interface_called(zone)
    if not interface:
        ours = ", ".join(name for _, name in socket.if_nameindex())
        raise BadTarget(f"'{shown}': this machine has no interface '{safe_text(zone, 20)}'; it has {ours}")
    return ip_network(with_zone(bare, interface))


def _require_zones(networks: Iterable[Network]) -> None:
    """Raise BadTarget for a link-local address or small network that does not say on which link it is."""
    for network in networks:
        is_on_a_link = network.version == 6 and network.is_link_local and not _is_vast(network)
        if is_on_a_link and not zone_of(network):
            what = str(network).removesuffix("/128")
            raise BadTarget(
                f"'{what}' is link-local: say on which link, like {with_zone(network, 'eth0').removesuffix('/128')}, "
                "or give fe80::/64 for all of them on all links"
            )


def _read_range(word: str, shown: str) -> Iterator[Network]:
    first_word, _, last_word = word.partition("-")
    if "." not in last_word:
        last_word = f"{first_word.rpartition('.')[0]}.{last_word}"
    try:
        first, last = IPv4Address(first_word), IPv4Address(last_word)
    except ValueError as error:
        raise BadTarget(f"'{shown}' is no range: write it like 192.0.2.10-40 or 192.0.2.10-192.0.2.40") from error
    if last < first:
        raise BadTarget(f"range '{shown}' ends before it begins")
    yield from summarize_address_range(first, last)


async def read_targets(
    words: Sequence[str],
    exclude: Sequence[str],
    *,
    resolve: Resolver,
    max_hosts: int = MAX_HOSTS,
    links: Sequence[Attached] = (),
) -> Targets:
    """Read what the user asked for. Only names cost a look-up; nothing is sent to any target.

    ``links`` are the networks of this machine: they say which addresses of theirs are nobody's.

    Raises :class:`BadTarget` for unknown syntax, unknown names, more than ``max_hosts`` addresses, or
    when the exclusions leave nothing.
    """
    out = await read_exclusions(exclude, resolve=resolve)
    names: dict[str, str] = {}
    given = expand_words(words)
    include = await _read_all(given, resolve, names)
    _require_zones(include)
    listed = [n for n in include if not _is_vast(n)]
    total = sum(n.num_addresses for n in listed)
    if total > max_hosts:
        raise BadTarget(
            f"{total:,} addresses are more than --max-hosts {max_hosts:,}: scan a smaller network or raise it"
        )
    subnets = {network for word in given if "/" in word for network in read_network(word) or ()}
    ours = [ip_network(link.network) for link in links]
    nobodys = {n: _nobodys(n, ours) for n in sorted(subnets, key=str)}
    hosts = (a for n in listed for a in _each(n) if a not in nobodys.get(n, ()))
    addresses = tuple(dict.fromkeys(str(a) for a in hosts if not holds(out, a)))
    if not addresses and len(listed) == len(include):
        raise BadTarget("no address is left to scan: the exclusions cover all targets")
    # Asking a subnet's own address or its broadcast asks everybody, whoever says that a device is there.
    ends = dict.fromkeys(end for each in nobodys.values() for end in each)
    out = (*out, *(ip_network(end) for end in ends if str(end) not in addresses))
    single = {str(n[0].network_address) for n in map(read_network, given) if n and len(n) == n[0].num_addresses == 1}
    return Targets(
        addresses=addresses,
        named=tuple(a for a in addresses if a in single or a in names),
        names={a: n for a, n in names.items() if a in addresses},
        networks=tuple(dict.fromkeys(str(n) for n in include)),
        excluded=tuple(dict.fromkeys(str(n) for n in out)),
    )


async def read_exclusions(words: Sequence[str], *, resolve: Resolver) -> tuple[Network, ...]:
    """What must not be touched, every address of a name. Raises :class:`BadTarget`."""
    return await _read_all(expand_words(words), resolve)


async def _read_all(
    words: Iterable[str], resolve: Resolver, names: dict[str, str] | None = None
) -> tuple[Network, ...]:
    """All words as networks. With ``names``, a host name stands for its first address, which is noted there."""
    found: list[Network] = []
    for word in words:
        networks = read_network(word)
        if networks is None:
            addresses = await look_up(word, resolve)
            if names is not None:
                # One device, one conversation partner: the first address stands for the name.
                addresses = addresses[:1]
                names.update(dict.fromkeys(addresses, word))
            networks = tuple(ip_network(address) for address in addresses)
        found.extend(networks)
    return tuple(found)


async def look_up(name: str, resolve: Resolver) -> tuple[str, ...]:
    """The addresses of a host name, asked once. Raises :class:`BadTarget` for one that has none, or is no name."""
    shown = safe_text(name, 80)
    if not _NAME.fullmatch(name):
        raise BadTarget(f"'{shown}' is neither an address, a network, a range nor a host name")
    addresses = await resolve(name)
    if not addresses:
        raise BadTarget(f"the name '{shown}' has no address: check the spelling, or give the address itself")
    return addresses


def vast_ones(networks: Iterable[str], links: Iterable[Attached]) -> dict[str, tuple[str, ...]]:
    """The networks that are too large to be asked one by one, and the interfaces that lead there: all on these are
    asked at once instead. Where there is none, nobody is found.
    """
    here = [(ip_network(link.network), link.interface) for link in links]
    vast = [n for n in map(ip_network, networks) if _is_vast(n)]
    return {str(n): tuple(dict.fromkeys(i for x, i in here if lies_in(n, x) or lies_in(x, n))) for n in vast}


def without_own(targets: Targets, own: Iterable[str]) -> tuple[Targets, tuple[str, ...]]:
    """The targets without this machine, and which addresses of ``own`` that leaves out.

    It is no device of the network that it looks at, unless somebody names its very address, or its name.
    """
    left_out = tuple(sorted(set(own) - {*targets.named}))
    addresses = tuple(a for a in targets.addresses if a not in left_out)
    return msgspec.structs.replace(targets, addresses=addresses), left_out


def _is_vast(network: Network) -> bool:
    return isinstance(network, IPv6Network) and network.prefixlen < VAST


def _nobodys(subnet: Network, ours: Collection[Network]) -> tuple[Address, ...]:
    """The network and broadcast addresses of a subnet, and of the networks of this machine (``ours``) within it.

    A part of a link has none of its own: 192.0.2.16/28 of 192.0.2.0/24 begins and ends with devices.
    A /31 and a /32 have none, nor has a range.
    """
    own = () if any(lies_in(subnet, link) for link in ours) else ends_of([subnet])
    of_links = (end for end in ends_of(ours) if lies_in(end, subnet))
    return tuple(dict.fromkeys(end.network_address for end in (*own, *of_links)))


def _each(network: Network) -> Iterator[Address]:
    """Every address of a network, with its zone."""
    zone = zone_of(network)
    return (canonical(with_zone(address, zone)) for address in network) if zone else iter(network)
