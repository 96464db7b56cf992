"""Who may scan what: asked before anything is sent, whatever the dialer asks again at each send.

Private and loopback addresses need nobody's paper; public ones need a scope file that holds them. A grant
needs its option and a scope file that permits it, except on this machine's own addresses. Authority comes
from what the user names on the command line, never from a file that was found or from the environment.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from ipaddress import ip_network

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.scope import (
    Fence,
    Grants,
    Mandate,
    Network,
    Scope,
    beyond_here,
    ends_of,
    is_private,
    lies_in,
    never_asked,
    zone_of,
)
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import Attached, interface_called
from iotscan.scan.back_ends import is_permitted, require_expected, require_own
from iotscan.scan.targets import BadTarget, Targets

_SHOWN = 3
"""Addresses that a message names."""


def require_authority(scope: Scope, now: datetime) -> None:
    """Raise BadInput unless somebody allows what ``scope`` asks for, now."""
    for network in map(ip_network, scope.include):
        if what := never_asked(network):
            raise BadTarget(f"{_shown(network)} is {what}: it is never asked, whoever allows it")
    if scope.mandate is None:
        _require_none_needed(scope)
        return
    _require_links_known(scope.mandate)
    if closed := scope.mandate.refusal_at(now):
        raise BadInput(f"nothing may be sent now: {closed} ({scope.mandate.file})")
    for option, may_be in _asked(scope.grants, scope.mandate):
        if not may_be:
            raise _not_permitted(option, scope.mandate)
    require_expected(scope.backends, scope.mandate)


def require_permitted(backends: Sequence[str], mandate: Mandate) -> None:
    """Raise BadInput for a server that a scope file does not permit: before its name is looked up, that asks others."""
    for word in backends:
        if not is_permitted(word, mandate):
            raise _not_permitted(f"--backend {safe_text(word, 260)}", mandate)


def _not_permitted(option: str, mandate: Mandate) -> BadInput:
    return BadInput(
        f"{option} is not permitted by {mandate.file} of {mandate.engagement}: leave it out, "
        "or have the file changed by whoever authorised it"
    )


def _require_links_known(mandate: Mandate) -> None:
    """Raise BadInput for what is out of scope on a link by a name that this machine does not have: it forbids nothing.

    A further name of an interface (ip-link(8), altname) is no name that an address ever bears.
    """
    for network in (ip_network(n) for entry in mandate.out_of_scope for n in entry.networks):
        zone = zone_of(network)
        if zone and interface_called(zone) != zone:
            known = interface_called(zone)
            instead = f"call it '{known}'" if known else "name one of this machine's, or leave the zone out"
            raise BadInput(
                f"{mandate.file} puts {_shown(network)} out of scope, but no interface of this machine has the name "
                f"'{zone}': {instead}"
            )


def _require_none_needed(scope: Scope) -> None:
    require_own(scope.backends)
    networks = [ip_network(n) for n in scope.include]
    public = next((n for n in networks if not is_private(n)), None)
    if public is not None:
        raise BadTarget(
            f"{public} is a public network: it needs a scope file that says by whose authority; make one with: "
            f"iotscan scope init --cidr {public} > scope.yaml, then add --scope scope.yaml"
        )
    beyond = beyond_here(scope)
    known = {server.word for server in scope.backends}
    others = msgspec.structs.replace(scope.grants, backends=tuple(b for b in scope.grants.backends if b not in known))
    granted = next((option for option, _ in _asked(others, None)), "")
    if beyond is not None and granted:
        raise BadInput(
            f"{granted} on {beyond} needs a scope file that permits it, too; make one with: "
            f"iotscan scope init --cidr {beyond} > scope.yaml, then add --scope scope.yaml"
        )


def _asked(grants: Grants, mandate: Mandate | None) -> Iterator[tuple[str, bool]]:
    """Each grant that is asked for, as its option, and whether the mandate permits it."""
    if grants.default_creds:
        yield "--default-creds", bool(mandate and mandate.permits.default_creds)
    if grants.intrusive:
        yield "--intrusive", bool(mandate and mandate.permits.intrusive)
    if grants.fetch_revocation:
        yield "--fetch-revocation", bool(mandate and mandate.permits.fetch_revocation)
    for backend in grants.backends:
        yield f"--backend {backend}", is_permitted(backend, mandate)


def within(targets: Targets, mandate: Mandate) -> Targets:
    """``targets`` without what the mandate forbids inside a network that was asked for.

    Raises :class:`BadTarget` for an address that the mandate does not hold, for one that was named by itself
    and is forbidden, and when none is left.
    """
    fence = Fence(Scope(include=targets.networks, mandate=mandate))
    refused = {address: why for address in targets.addresses if (why := fence.refusal(address))}
    outside = {a: why for a, why in refused.items() if not fence.forbids(a) or _is_single(a, targets.networks)}
    if outside:
        named = "; ".join(f"{address} {why}" for address, why in list(outside.items())[:_SHOWN])
        more = f" (and {len(outside) - _SHOWN} more)" if len(outside) > _SHOWN else ""
        raise BadTarget(
            f"{named}{more}: scan only what {mandate.file} of {mandate.engagement} holds; "
            f"iotscan scope check TARGET --scope FILE tells in and out"
        )
    left = tuple(a for a in targets.addresses if a not in refused)
    if targets.addresses and not left:
        raise BadTarget(f"no address is left to scan: {mandate.file} of {mandate.engagement} forbids all of them")
    return msgspec.structs.replace(
        targets,
        addresses=left,
        names={a: n for a, n in targets.names.items() if a in left},
    )


def words_of(mandate: Mandate) -> tuple[str, ...]:
    """What a mandate allows, as targets: what it forbids inside is left out by :func:`within`."""
    return tuple(_word(network) for entry in mandate.in_scope for network in entry.networks)


def _word(network: str) -> str:
    parsed = ip_network(network)
    if parsed.version == 6:
        return str(parsed.network_address) if parsed.num_addresses == 1 else network
    # Not as a subnet: a range that ends on such an address means it, too.
    return f"{parsed[0]}-{parsed[-1]}"


def may_ask_all(links: Sequence[Attached], mandate: Mandate | None) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
    """The links on which a question to everybody is in scope, and the networks of the others.

    A multicast question is heard by all on the link: it needs a mandate for all of it, on every port.
    """
    if mandate is None:
        return tuple(links), ()
    asked = tuple(link for link in links if _holds_all(ip_network(link.network), mandate))
    return asked, tuple(link.network for link in links if link not in asked)


def who_hears_all_the_same(targets: Targets, links: Sequence[Attached]) -> Iterator[str]:
    """Exclusions on links on which all are asked at once, in words: nobody there can be kept from hearing that."""
    nobodys = ends_of(map(ip_network, targets.networks))
    excluded = [n for n in map(ip_network, targets.excluded) if n not in nobodys]
    for link in links:
        here = ip_network(link.network)
        if hearing := [_shown(n) for n in excluded if lies_in(n, here)]:
            named = ", ".join(hearing[:_SHOWN]) + (
                f" and {len(hearing) - _SHOWN} more" if len(hearing) > _SHOWN else ""
            )
            yield (
                f"{named}: excluded, so never asked or believed, and hears what all on {link.interface} are asked by "
                "multicast; where a scope file puts it out of scope, that link is asked nothing of the kind"
            )


def excluded_by_one_family(targets: Targets, mandate: Mandate | None) -> Iterator[str]:
    """Devices excluded by IPv4 alone where IPv6 is in scope, or the other way round, in words."""
    include = [ip_network(n) for n in targets.networks]
    forbidden = [n for entry in (mandate.out_of_scope if mandate else ()) for n in entry.networks]
    nobodys = ends_of(include)
    out = [n for n in map(ip_network, (*targets.excluded, *forbidden)) if n.num_addresses == 1 and n not in nobodys]
    for version, other in ((4, 6), (6, 4)):
        named = [_shown(n) for n in out if n.version == version]
        if named and any(n.version == other for n in include) and not any(n.version == other for n in out):
            shown = ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")
            yield (
                f"{shown}: excluded by IPv{version} alone, and IPv{other} is in scope: the same device is asked at its "
                f"IPv{other} address unless that is excluded, too, or its MAC address is known to be the same"
            )


def _holds_all(link: Network, mandate: Mandate) -> bool:
    allowed = [ip_network(n) for entry in mandate.in_scope if not entry.ports for n in entry.networks]
    forbidden = [ip_network(n) for entry in mandate.out_of_scope for n in entry.networks]
    held = any(lies_in(link, n) for n in allowed)
    nobodys: tuple[Network, ...] = ends_of([link])
    touched = (n for n in forbidden if lies_in(n, link) or lies_in(link, n))
    return held and not any(n not in nobodys for n in touched)


def _shown(network: Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _is_single(address: str, networks: Sequence[str]) -> bool:
    return str(ip_network(address)) in networks
