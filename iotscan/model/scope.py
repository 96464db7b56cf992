"""What may be touched, how hard, and with which grants."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import msgspec

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_MAPPED = 96
"""Bits before the IPv4 address in an IPv4-mapped one (RFC 4291 section 2.5.5.2)."""
_PRIVATE: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),  # RFC 1918, RFC 4193
        *("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"),
        # RFC 5737, RFC 2544, RFC 3849: nobody's on the internet, and many a laboratory's
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "2001:db8::/32"),
    )
)
PRACTICE_NETWORK = "the practice network"
"""What a run of ``--lab`` has for its target: no host can have this name."""
TRIES_PER_ACCOUNT = 3
"""Login tries that an account may see in 24 hours at most, across runs; a scope file may lower it."""


def canonical(address: str | Address) -> Address:
    """Parse an address and unmap IPv4-in-IPv6, so that one device has one spelling. Raises ValueError."""
    parsed = ip_address(address) if isinstance(address, str) else address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed


_LAST_BITS: tuple[IPv6Network, ...] = tuple(
    IPv6Network(network)
    # RFC 6052 and RFC 8215 (NAT64), RFC 2765 (SIIT), RFC 4291 section 2.5.5.1 (IPv4-compatible)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96")
)


def stands_for(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses to which a translator or a tunnel takes what is sent to an IPv6 address.

    What must not be touched must not be touched that way, either. 6to4 is RFC 3056, Teredo RFC 4380.
    """
    if isinstance(address, IPv4Address) or int(address) >> 24 == 0:  # ::1 is this machine
        return ()
    if address.teredo is not None:
        return address.teredo
    if address.sixtofour is not None:
        return (address.sixtofour,)
    return (IPv4Address(int(address) & 0xFFFFFFFF),) if any(address in n for n in _LAST_BITS) else ()


def unmapped(network: Network) -> Network:
    """A network of IPv4-mapped addresses as the IPv4 network it stands for; any other as it is."""
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED and network.network_address.ipv4_mapped:
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - _MAPPED))
    return network


def zone_of(place: Address | Network) -> str:
    """On which link an address or a network is, where it says so: ``eth0`` of ``fe80::1%eth0`` (RFC 4007 section 11).

    The same address on another link is another address.
    """
    first = place.network_address if isinstance(place, IPv4Network | IPv6Network) else place
    return (first.scope_id or "") if isinstance(first, IPv6Address) else ""


def with_zone(place: Address | Network, zone: str) -> str:
    """An address or a network as it is written with a zone, or without any."""
    address, slash, bits = str(place).partition("/")
    return f"{address.partition('%')[0]}{f'%{zone}' if zone else ''}{slash}{bits}"


def lies_in(inner: Network, outer: Network) -> bool:
    """Whether every address of ``inner`` is one of ``outer``; never across IP versions.

    What is on one link holds nothing of another, nor what is on any; what names no link holds those of each.
    """
    if isinstance(inner, IPv4Network):
        return isinstance(outer, IPv4Network) and inner.subnet_of(outer)
    if not isinstance(outer, IPv6Network) or zone_of(outer) not in ("", zone_of(inner)):
        return False
    # ipaddress orders by number and compares with the zone: with one, what begins alike would be no subnet.
    return _without_zone(inner).subnet_of(_without_zone(outer))


def _without_zone(network: IPv6Network) -> IPv6Network:
    return IPv6Network((int(network.network_address), network.prefixlen)) if zone_of(network) else network


def holds(networks: Iterable[Network], address: Address) -> bool:
    """Whether an address lies in one of the networks: on the link that it names, or on any where it names none."""
    zones = ("", zone_of(address))
    return any(address.version == n.version and address in n and zone_of(n) in zones for n in networks)


def is_private(network: Network) -> bool:
    """Whether a network lies in private use, on this machine, on its link, or in what is set aside for examples.

    Our own list: what Python calls private differs from release to release, and holds the tunnels of
    2001::/32 (Teredo), which lead to any public address.
    """
    return any(lies_in(network, p) for p in _PRIVATE)


def in_order(address: str) -> tuple[int, int, str]:
    """A sort key: IPv4 before IPv6, each by number, the same on several links by the link."""
    parsed = canonical(address)
    return parsed.version, int(parsed), zone_of(parsed)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How hard one device and the whole run may be pressed. Times in seconds, rates per second."""

    attempts_per_second: float = 50.0
    """Connection attempts a device may see, port sweep included."""
    accepted_per_second: float = 4.0
    """Accepted connections a device may see."""
    connections: int = 40
    """Conversations a device may see beyond the port sweep: TCP connections and UDP exchanges."""
    datagrams: int = 500
    """Datagrams a device may see of us."""
    tls_connections: int = 16
    """Conversations that the questions to one TLS or DTLS service may take; what is left out then is *not assessed*."""
    complete_suites: bool = False
    """Every cipher suite and group of a TLS service is asked for, not only whether any of a kind is accepted."""
    ssh_login_methods: bool = True
    """SSH servers are asked for their ways to log in, as a name that nobody has: it stands in their log."""
    connect_timeout: float = 2.0
    conversation_timeout: float = 8.0
    """The clock of one connection, from dial to close."""
    device_timeout: float = 120.0
    """The clock of one device, from the first packet on."""
    open_at_once: int = 768
    """Sockets the whole run may hold, where the system allows as many: what waits for hosts that drop everything waits
    side by side, and the usual 1,024 files of a process have room for the rest."""

    @property
    def service_timeout(self) -> float:
        """Seconds of its device's clock that one TCP service may take: all where every suite is asked."""
        return self.device_timeout if self.complete_suites else self.device_timeout / 4

    @property
    def packets(self) -> int:
        """Packets of us, the port sweep left out, after which a device sees no further conversation: 500 with 40."""
        return max(500, self.connections * 25 // 2)


class BackEnd(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A server that devices talk to and that a person granted to be asked: its name, looked up once, and its address.

    ``port`` is the only one that may be asked; 0 for all that are asked of a device. ``name`` is the address itself
    where that was given. ``word`` is what was given.
    """

    word: str
    name: str
    address: str
    port: int = 0
    is_target: bool = False
    """Its address is among the targets, too: it is asked as these are, and on ``port``."""


class Grants(msgspec.Struct, frozen=True, kw_only=True):
    """What a person allowed beyond the default, by flag or scope file and by nothing else."""

    default_creds: bool = False
    intrusive: bool = False
    fetch_revocation: bool = False
    """CRLs and OCSP responses are fetched from where certificates say, as far as that is in scope."""
    backends: tuple[str, ...] = ()
    """Servers that devices talk to, as they were given: ``HOST`` or ``HOST:PORT``."""


class InScope(msgspec.Struct, frozen=True, kw_only=True):
    """Networks that a scope file allows, and which of their ports (first to last, all when there are none)."""

    networks: tuple[str, ...]
    ports: tuple[tuple[int, int], ...] = ()
    note: str = ""


class OutOfBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Networks that a scope file forbids, and why (never empty)."""

    networks: tuple[str, ...]
    reason: str


class Permits(msgspec.Struct, frozen=True, kw_only=True):
    """What a scope file permits to be granted; nothing happens without the option that asks for it, too."""

    active: bool = True
    """False: nothing may be sent at all."""
    default_creds: bool = False
    attempts_per_account: int = 0
    """Login tries that an account may see in 24 hours."""
    intrusive: bool = False
    fetch_revocation: bool = False
    backends: tuple[str, ...] = ()


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """What a scope file says, as a run remembers it: who allowed whom to do what, where and until when.

    Times are UTC in ISO 8601. ``file`` is the file's name, ``sha256`` the hash of its bytes.
    """

    engagement: str
    client: str
    assessor: str
    authorized_by: str
    reference: str
    document_sha256: str = ""
    not_before: str
    not_after: str
    expires: str
    in_scope: tuple[InScope, ...]
    out_of_scope: tuple[OutOfBounds, ...] = ()
    permits: Permits = Permits()
    emergency_contact: str = ""
    file: str
    sha256: str

    def refusal_at(self, moment: datetime) -> str:
        """Why nothing may be sent at ``moment``; empty while the window is open."""
        if not self.permits.active:
            return f"{self.engagement} does not permit active probing"
        if moment < datetime.fromisoformat(self.not_before):
            return f"the window of {self.engagement} opens at {self.not_before}"
        if moment >= datetime.fromisoformat(self.not_after):
            return f"the window of {self.engagement} closed at {self.not_after}"
        return ""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses in, addresses out, grants, pace. Out wins over in."""

    include: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    grants: Grants = Grants()
    pace: Pace = Pace()
    authority: str = ""
    """By whose word: ``command line``, ``practice network``, a scope file's engagement …"""
    mandate: Mandate | None = None
    """The scope file. What it does not allow is refused, whatever ``include`` says."""
    backends: tuple[BackEnd, ...] = ()
    """What ``grants.backends`` came down to. ``include`` holds their addresses; a scope file permits them by name."""


def beyond_here(scope: Scope) -> Network | None:
    """A network of the scope that is not this machine's own: there a grant needs a scope file; None without one."""
    return next((n for n in _networks(scope.include) if not n.is_loopback), None)


NEVER = tuple(
    (ip_network(network), what)
    for network, what in (
        ("0.0.0.0/8", "no device's address"),
        ("::/128", "no device's address"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("169.254.169.254/32", "the metadata service of a cloud"),
        ("fd00:ec2::254/128", "the metadata service of a cloud"),
    )
)
"""What no scope can allow."""


def never_asked(network: Network) -> str:
    """What a network is of which no address can be asked; empty for any other."""
    return next((why for never, why in NEVER if lies_in(network, never)), "")


_RECENT = 4096
"""Answers that a fence remembers: it is asked before each packet, mostly about the same few services."""


class Fence:
    """Answers quickly whether an address is in scope. Made from a :class:`Scope`, never changed."""

    def __init__(self, scope: Scope) -> None:
        self._include = _networks(scope.include)
        self._exclude = _networks(scope.exclude)
        self._mandate = scope.mandate
        entries = scope.mandate.in_scope if scope.mandate else ()
        self._allowed = tuple((_networks(e.networks), e.ports) for e in entries)
        forbidden = scope.mandate.out_of_scope if scope.mandate else ()
        self._forbidden = tuple((_networks(o.networks), o.reason) for o in forbidden)
        self._granted: dict[Address, set[int]] = {}
        for server in scope.backends:
            self._granted.setdefault(canonical(server.address), set()).add(server.port)
        self._targets = frozenset(canonical(server.address) for server in scope.backends if server.is_target)
        self._recent = lru_cache(maxsize=_RECENT)(self._refusal)

    def allows(self, address: str | Address, port: int = 0) -> bool:
        """True when ``address`` lies in an included network and in no excluded one, and ``port`` may be asked.

        Anything that is not a plain IP address (a host name, say) is never allowed. Port 0 asks for the
        address alone.
        """
        return not self.refusal(address, port)

    def refusal(self, address: str | Address, port: int = 0) -> str:
        """Why not, in words that follow the address; empty when it is allowed."""
        return self._recent(address, port)

    def _refusal(self, address: str | Address, port: int) -> str:
        try:
            parsed = canonical(address)
        except ValueError:
            return "is no address"
        if out := self._refusal_of(parsed):
            return out
        for behind in stands_for(parsed):
            if out := self._refusal_of(behind):
                return f"leads to {behind}, which {out}"
        if not holds(self._include, parsed):
            return "is not in scope"
        if parsed in self._granted:
            why = self._refusal_by_grant(self._granted[parsed], port)
            if not why or parsed not in self._targets:
                return why
        return self._refusal_by_mandate(parsed, port) if self._mandate else ""

    @staticmethod
    def _refusal_by_grant(ports: set[int], port: int) -> str:
        if not port or 0 in ports or port in ports:
            return ""
        return f"is a back end that was granted at port {', '.join(map(str, sorted(ports)))} alone"

    def _refusal_of(self, parsed: Address) -> str:
        """Why an address is out, whatever is in; empty where nothing says so."""
        what = next((what for network, what in NEVER if holds((network,), parsed)), "")
        if what:
            return f"is {what}: never asked"
        if holds(self._exclude, parsed):
            return "is excluded"
        reason = next((reason for networks, reason in self._forbidden if holds(networks, parsed)), "")
        return f"is out of scope: {reason}" if reason else ""

    def forbids(self, address: str | Address) -> bool:
        """True when the scope file names ``address`` as one to leave alone."""
        return any(holds(networks, canonical(address)) for networks, _ in self._forbidden)

    def _refusal_by_mandate(self, parsed: Address, port: int) -> str:
        limits = [ports for networks, ports in self._allowed if holds(networks, parsed)]
        if not limits:
            return "is not in the scope file"
        if port and all(limits) and not any(first <= port <= last for ports in limits for first, last in ports):
            return f"is in the scope file, but not its port {port}"
        return ""


def ends_of(networks: Iterable[Network]) -> tuple[Network, ...]:
    """The network and broadcast addresses of IPv4 subnets: nobody's, and asking them asks everybody."""
    subnets = [n for n in networks if isinstance(n, IPv4Network) and n.num_addresses > 2]
    return tuple(IPv4Network(end) for n in subnets for end in (n.network_address, n.broadcast_address))


def utc_now() -> datetime:
    """The wall clock, which windows are about."""
    return datetime.now(UTC)


def _networks(words: Iterable[str]) -> tuple[Network, ...]:
    return tuple(unmapped(ip_network(word)) for word in words)
