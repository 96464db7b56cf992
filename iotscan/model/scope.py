"""What may be touched, how hard, and with which grants."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def canonical(address: str | Address) -> Address:
    """Parse an address and unmap IPv4-in-IPv6, so that one device has one spelling. Raises ValueError."""
    parsed = ip_address(address) if isinstance(address, str) else address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


def in_order(address: str) -> tuple[int, int]:
    """A sort key: IPv4 before IPv6, each by number."""
    parsed = canonical(address)
    return parsed.version, int(parsed)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How hard one device and the whole run may be pressed. Times in seconds, rates per second."""

    attempts_per_second: float = 50.0
    """Connection attempts a device may see, port sweep included."""
    accepted_per_second: float = 4.0
    """Accepted connections a device may see."""
    connections: int = 40
    """Conversations a device may see beyond the port sweep."""
    connect_timeout: float = 2.0
    conversation_timeout: float = 8.0
    """The clock of one connection, from dial to close."""
    device_timeout: float = 120.0
    """The clock of one device, from the first packet on."""
    open_at_once: int = 256
    """Sockets the whole run may hold."""


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """What a person allowed beyond the default, by flag or scope file and by nothing else."""

    default_creds: bool = False
    intrusive: bool = False
    backends: tuple[str, ...] = ()


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses in, addresses out, grants, pace. Out wins over in."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    grants: Grants = Grants()
    pace: Pace = Pace()
    authority: str = ""
    """By whose word: ``command line``, ``practice network`` …"""


class Fence:
    """Answers quickly whether an address is in scope. Made from a :class:`Scope`, never changed."""

    def __init__(self, scope: Scope) -> None:
        self._include = tuple(ip_network(n) for n in scope.include)
        self._exclude = tuple(ip_network(n) for n in scope.exclude)

    def allows(self, address: str | Address) -> bool:
        """True when ``address`` lies in an included network and in no excluded one.

        Anything that is not a plain IP address (a host name, say) is never allowed.
        """
        try:
            parsed = canonical(address)
        except ValueError:
            return False
        # Membership ignores the zone of a link-local address: the network has none.
        bare = ip_address(int(parsed)) if not isinstance(parsed, IPv6Address) else IPv6Address(int(parsed))

        def holds(networks: tuple[Network, ...]) -> bool:
            return any(bare.version == n.version and bare in n for n in networks)

        return holds(self._include) and not holds(self._exclude)
