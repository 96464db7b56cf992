"""Servers that devices talk to, named by a person one by one (``--backend``): looked up before anything is sent.

Each is an address of its own in a scan, asked by its name. What images and traffic say of servers never comes here by
itself: nobody but their owner may have them asked.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import Final

from iotscan.model.errors import BadInput
from iotscan.model.scope import BackEnd, Fence, Mandate, canonical, holds
from iotscan.model.text import safe_text
from iotscan.scan.targets import BadTarget, Resolver, look_up

MOST: Final = 32
"""Servers of one scan: they are named one by one."""
_INSIDE: Final = tuple(
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # RFC 1918, RFC 4193
        *("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10", "100.64.0.0/10"),  # RFC 6598: of a provider
    )
)
"""Where no server on the internet is. What is set aside for examples is not of it: laboratories use that."""
_HOST_AND_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^:\[\]/\s]+))(?::(?P<port>[0-9]{1,5}))?")


def read_word(word: str) -> tuple[str, int]:
    """``HOST``, ``HOST:PORT``, ``ADDRESS`` or ``[IPV6]:PORT`` as host and port (0 without one). Raises BadTarget."""
    shown = safe_text(word, 80)
    if ":" in word and _is_address(word):
        return str(canonical(word)), 0
    found = _HOST_AND_PORT.fullmatch(word)
    if found is None:
        raise BadTarget(
            f"--backend '{shown}' is no server: write it like broker.example.com or broker.example.com:8883"
        )
    host, port = found["v6"] or found["host"], int(found["port"] or 0)
    if port > 65535 or (found["port"] and not port):
        raise BadTarget(f"--backend '{shown}': a port is a number between 1 and 65535")
    if found["v6"] and not _is_address(host):
        raise BadTarget(f"--backend '{shown}' is no server: an IPv6 address is written like [2001:db8::7]:8883")
    if re.fullmatch(r"[0-9.]+", host) and not _is_address(host):
        raise BadTarget(f"--backend '{shown}' is no address: write it like 203.0.113.7 or 203.0.113.7:8883")
    return (str(canonical(host)) if _is_address(host) else host.rstrip(".").lower()), port


async def read_back_ends(
    words: Sequence[str], *, resolve: Resolver, targets: Collection[str] = ()
) -> tuple[BackEnd, ...]:
    """The servers that were granted, each at one address. Only names cost a look-up; nothing is sent to any server.

    One that is among the ``targets`` is asked as these are, on all of their ports. Raises :class:`BadTarget` for what
    is no server, for unknown names, and for two names that have but one address: a server is asked by one name.
    """
    if len(words) > MOST:
        raise BadTarget(f"--backend was given {len(words)} times: a scan takes at most {MOST} servers")
    found: dict[tuple[str, int], BackEnd] = {}
    held: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for word in words:
        host, port = read_word(word)
        if host not in addresses:
            addresses[host] = await _address_of(host, resolve, held)
            held[addresses[host]] = host
        address = addresses[host]
        found[host, port] = BackEnd(
            word=safe_text(word, 260), name=host, address=address, port=port, is_target=address in targets
        )
    return tuple(found.values())


async def _address_of(host: str, resolve: Resolver, held: dict[str, str]) -> str:
    if _is_address(host):
        every: tuple[str, ...] = (host,)
    else:
        every = await look_up(host, resolve)
    free = [address for address in every if address not in held]
    if not free:
        other = held[every[0]]
        raise BadTarget(
            f"--backend {host} and {other} have the same address {every[0]}, and a server is asked by one name in a "
            "run: give them to a run each"
        )
    return free[0]


def is_permitted(word: str, mandate: Mandate | None) -> bool:
    """Whether a scope file permits a server: by the same words, or by its host without a port."""
    if mandate is None:
        return False
    host, port = read_word(word)
    permitted: set[tuple[str, int]] = set()
    for each in mandate.permits.backends:
        with suppress(BadTarget):
            permitted.add(read_word(each))
    return bool({(host, port), (host, 0)} & permitted)


def ports_of(servers: Sequence[BackEnd]) -> dict[str, tuple[int, ...]]:
    """Address -> the only ports that were granted there; without those of which all may be asked."""
    ports: dict[str, set[int]] = {}
    for server in servers:
        ports.setdefault(server.address, set()).add(server.port)
    targets = {server.address for server in servers if server.is_target}
    return {a: tuple(sorted(held)) for a, held in ports.items() if 0 not in held and a not in targets}


def unheard(servers: Sequence[BackEnd], answered: Collection[str]) -> tuple[str, ...]:
    """A word on each that did not answer: nothing was asked of it."""
    silent = [server for server in servers if server.address not in answered]
    return tuple(f"back end {words}: it did not answer, and nothing is known of it" for words in in_words(silent))


def require_own(servers: Sequence[BackEnd]) -> None:
    """Raise BadInput for a server beyond this machine: without a scope file nobody permits it."""
    for server in servers:
        if not ip_address(server.address).is_loopback:
            raise BadInput(
                f"--backend {server.word} is asked only where a scope file permits it: a server on the internet is "
                f"somebody's; make one with: iotscan scope init --backend {server.word} > scope.yaml, then add --scope "
                "scope.yaml"
            )


def require_expected(servers: Sequence[BackEnd], mandate: Mandate) -> None:
    """Raise BadTarget for a name that leads into a network of somebody's own, unless the scope file holds that address.

    A scope file permits a name, and whoever answers for it says where that leads: to a router of this house, or to
    this machine. One that does lead there is meant by whoever writes the address, too.
    """
    held = [ip_network(network) for entry in mandate.in_scope for network in entry.networks]
    for server in servers:
        address = canonical(server.address)
        is_meant = _is_address(server.name) or server.name == "localhost" or is_permitted(server.address, mandate)
        if is_meant or holds(held, address) or not holds(_INSIDE, address):
            continue
        raise BadTarget(
            f"--backend {server.word}: its name leads to {server.address}, an address of private use or of this "
            f"machine, and {mandate.file} holds the name alone: if that is meant, have the address added to in_scope"
        )


def require_within(servers: Sequence[BackEnd], fence: Fence) -> None:
    """Raise BadInput for a server that is out of scope by its address, whoever permits its name."""
    for server in servers:
        if why := fence.refusal(server.address, server.port):
            raise BadTarget(f"--backend {server.word}: its address {server.address} {why}")


def networks_of(servers: Sequence[BackEnd]) -> Iterator[str]:
    """Their addresses, as networks."""
    return (str(ip_network(server.address)) for server in servers)


def in_words(servers: Sequence[BackEnd]) -> Iterator[str]:
    """Each as a person reads it: ``broker.example.com at 203.0.113.7, port 8883 alone``."""
    for server in servers:
        at = f" at {server.address}" if server.name != server.address else ""
        yield f"{server.name}{at}{f', port {server.port} alone' if server.port and not server.is_target else ''}"


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
