"""The ledger of some captures: who is there, and what each device was seen to do.

It hears what is read of the frames (:class:`~iotscan.observe.traffic.conversation.Listener`), attributes it to whom
it is about, names whom they talk to, and gives devices and observations at any time. Bounded, however long a capture
is and whoever forges what is in it.
"""

from collections.abc import Collection, Iterable, Iterator
from ipaddress import ip_network
from typing import Any, Final

import msgspec

from iotscan.model.device import Device
from iotscan.model.errors import BadInput
from iotscan.model.facts import Claim, HttpExchange, NameQuestion, Talk, TimeQuestion, TlsSession, UpdateContact
from iotscan.model.facts.traffic import Peer
from iotscan.model.observation import Observation
from iotscan.model.scope import Network, unmapped
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import Attached
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.discovery.hearing import Hearing
from iotscan.observe.traffic.account import Account
from iotscan.observe.traffic.clock import Clock
from iotscan.observe.traffic.conversation import Conversation, Endpoint, Told
from iotscan.observe.traffic.foremost import DEVICES, foremost
from iotscan.observe.traffic.keeping import UNKNOWN_PERIOD, Allowance, Keeping
from iotscan.observe.traffic.link_protocols import link_protocol
from iotscan.observe.traffic.locality import Locality
from iotscan.observe.traffic.parties import Group, Parties, Party
from iotscan.observe.traffic.shown_hosts import with_shown_host
from iotscan.wire.frames import ROUTER_ADVERTISEMENT, Sighting
from iotscan.wire.secret_forms.opaque import masked_host

LINK: Final = "capture"
"""The name of the link that all captures are of."""
PEERS: Final = 65_536
_NOBODY: Final = "00:00:00:00:00:00"
_CROWD: Final = 512
"""As many who speak are told apart each time that somebody wants to know how many they are."""
_NAME_LIMIT: Final = 253
_LINKS: Final = tuple(Attached(interface=LINK, address="", network=network) for network in ("0.0.0.0/0", "::/0"))
"""Who is on the link is told by the address alone: a capture does not say which networks it has."""


class Ledger:
    """A :class:`Listener`. ``local`` are networks of the devices besides those of private use, ``own`` the MAC and IP
    addresses of the machine that captures, ``known`` those of devices to tell of first. Raises BadInput for what is
    no network.
    """

    def __init__(
        self, local: Iterable[str] = (), *, own: Collection[str] = (), known: Collection[str] = (), most: int = DEVICES
    ) -> None:
        self._locality = Locality(map(_network, local))
        self._parties = Parties(self._locality)
        self._kept: dict[Party, Keeping] = {}
        self._open: dict[Party, Keeping] = {}
        self._allowance = Allowance()
        self._own = frozenset(own)
        self._known, self._most = frozenset((*own, *known)), most
        self._clock = Clock()
        self._hearing = Hearing(_LINKS, self._locality.is_local, self._parties.places_of)
        self._claims: dict[Party, dict[Claim, None]] = {}
        self._peers: set[str] = set()
        self._first = self._last = 0
        self.frames = 0

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (self._last - self._first) / 1e9

    @property
    def device_count(self) -> int:
        """How many devices there are; of a crowd about how many, for nobody behind a router is told apart then."""
        about = len(self._parties)
        return len(self._parties.groups()) if about <= _CROWD else about

    @property
    def peer_count(self) -> int:
        """Servers beyond the network that a device talked to, by address."""
        return len(self._peers)

    def frame(self, at: int, source: str, length: int, count: int = 1) -> None:
        """Count frames of a source."""
        self.frames += count
        if not self._first or at < self._first:
            self._first = at
        self._last = max(self._last, at)
        self._parties.frame(at, source, count)

    def sighted(self, at: int, seen: Sighting) -> None:
        """Take in who is there and what he says of himself."""
        self._locality.learn(seen)
        if seen.kind == "ndp" and seen.port == ROUTER_ADVERTISEMENT and seen.own_mac == seen.mac:
            self._parties.be_router(seen.mac)
        if seen.source and seen.mac and seen.kind in ("arp", "ndp") and seen.own_mac == seen.mac:
            self._parties.bear_out(seen.mac, seen.source)
        elif seen.source:
            self._parties.meet(seen.mac, seen.source, speaks=True)
        self._note(self._hearing.take(seen, LINK))

    def told(self, said: Told) -> None:
        """Something was understood: it is of both ends, where they are devices here."""
        conversation, item = said.conversation, with_shown_host(said.item)
        size = item.body_bytes if isinstance(item, HttpExchange) else 0
        self._hear_time(said)
        for is_client, party in self._ends(conversation):
            keeping = self._keeping(party)
            self._seen(party, said.at)
            keeping.hide(said.secrets)
            if isinstance(item, NameQuestion) and is_client:
                for address in item.answers:
                    keeping.name(address, item.name, said.at)
            placed = msgspec.structs.replace(item, **self._place(conversation, keeping, party, is_client=is_client))
            if isinstance(placed, UpdateContact):
                size = placed.size
                placed = msgspec.structs.replace(placed, size=0, period=UNKNOWN_PERIOD)
            elif isinstance(placed, HttpExchange):
                placed = msgspec.structs.replace(placed, body_bytes=0)
            keeping.item(placed, said.at, size)

    def _hear_time(self, said: Told) -> None:
        """What it says of the clock of whoever captured. A device here that serves pages may never have set its own."""
        item, server = said.item, said.conversation.server.address
        if isinstance(item, TlsSession) and item.proof is not None:
            self._clock.show(said.at, item.proof)
        elif said.clock and isinstance(item, TimeQuestion):
            self._clock.hear(said.at, said.clock, f"the time server {server}")
        elif said.clock and not self._locality.is_local(server):
            self._clock.hear(said.at, said.clock, f"the date in answers of {server}")

    def ended(self, conversation: Conversation) -> None:
        """Count a conversation that is over."""
        for is_client, party in self._ends(conversation):
            self._count(conversation, party, self._keeping(party), is_client=is_client)
            # Frames are told together: when it talked shows in its conversations.
            self._seen(party, conversation.first)
            self._seen(party, conversation.last)

    def going_on(self, conversations: Iterable[Conversation]) -> None:
        """These are not over yet: what each has come to counts until the next ones are named."""
        self._open, allowance = {}, Allowance()
        for conversation in conversations:
            for is_client, party in self._ends(conversation):
                keeping = self._open.setdefault(party, Keeping(allowance))
                self._count(conversation, party, keeping, is_client=is_client)

    def _count(self, conversation: Conversation, party: Party, into: Keeping, *, is_client: bool) -> None:
        place = self._place(conversation, self._keeping(party), party, is_client=is_client)
        talk = _named(Talk(protocol=conversation.protocol, protection=conversation.protection, **place))
        into.talk(talk, conversation, is_client=is_client)

    def settle(self) -> None:
        """Everything was heard: what now is known of who announced what."""
        self._note(self._hearing.settle())

    def _ends(self, conversation: Conversation) -> Iterator[tuple[bool, Party]]:
        client = self._meet(conversation.client, speaks=_began(conversation) or conversation.bytes_up > 0)
        server = self._meet(conversation.server, speaks=conversation.bytes_down > 0)
        if client is not None:
            yield True, client
        if server is not None:
            yield False, server

    def _meet(self, end: Endpoint, *, speaks: bool) -> Party | None:
        return self._parties.meet("" if end.mac == _NOBODY else end.mac, end.address, speaks=speaks)

    def _seen(self, party: Party, at: int) -> None:
        mac, address = party
        self._parties.frame(at, mac or address)

    def _keeping(self, party: Party) -> Keeping:
        if party not in self._kept:
            self._kept[party] = Keeping(self._allowance)
        return self._kept[party]

    def _place(self, said: Conversation, keeping: Keeping, party: Party, *, is_client: bool) -> dict[str, Any]:
        """Which end of a conversation a party is, and whom it talks to."""
        peer = self._peer(said, keeping, party) if is_client else self._other(said.client)
        return {
            "role": "client" if is_client else "server",
            "peer": peer,
            "transport": said.transport,
            "port": said.server.port,
            "count": 1,
            "first": None,
            "last": None,
        }

    def _peer(self, said: Conversation, keeping: Keeping, party: Party) -> Peer:
        address = said.server.address
        is_local = self._locality.is_local(address)
        if not is_local and len(self._peers) < PEERS:
            self._peers.add(address)
        if said.server_name:
            name = masked_host(safe_text(said.server_name, _NAME_LIMIT).lower())
            return Peer(address=address, name=name, named_by=said.named_by or "sni", is_local=is_local)
        if said.named_by == "address":
            return Peer(address=address, named_by="address", is_local=is_local)
        asked = keeping.named(address, said.first) or self._asked_elsewhere(party, address, said.first)
        return Peer(address=address, name=asked, named_by="dns" if asked else "", is_local=is_local)

    def _asked_elsewhere(self, party: Party, address: str, at: int) -> str:
        """The name that the same machine asked for from another address: over IPv4 for one of IPv6."""
        mac, _ = party
        if not mac or not self._parties.is_alone(mac):
            return ""
        others = (self._kept[mac, place] for place in self._parties.places_of(mac) if (mac, place) in self._kept)
        return next((name for kept in others if (name := kept.named(address, at))), "")

    def _other(self, end: Endpoint) -> Peer:
        return Peer(address=end.address, is_local=self._locality.is_local(end.address))

    def _note(self, found: Iterable[Found]) -> None:
        for each in found:
            party = (each.mac, each.address.partition("%")[0])
            if each.claims:
                self._claims.setdefault(party, {}).update(dict.fromkeys(each.claims))

    def devices(self) -> tuple[Device, ...]:
        """Who was seen, of a crowd the foremost: with addresses, what each says of itself and was seen to serve."""
        return tuple(self._account(group).device(self._own) for group in self._told_of())

    def observations(self) -> tuple[Observation, ...]:
        """What each of them was seen to do."""
        return tuple(o for group in self._told_of() for o in self._account(group).observations())

    def notices(self) -> tuple[str, ...]:
        """What the reader must know of how it was put together."""
        said = [*self._hearing.notes.remarks]
        if self._parties.left_out:
            said.append("more addresses spoke than can be told apart: some devices are missing")
        if self._allowance.left < 0:
            said.append("more was said than can be kept: what each device did is counted, and not all of it listed")
        count = len(self._parties.groups())
        if count > self._most:
            said.append(
                f"{count:,} devices were seen, and {self._most:,} are told of: those that said more than which name "
                f"they look for, and those that said most. Nothing is known here of the other {count - self._most:,}; "
                "with --devices, those of an inventory go first"
            )
        if not count and self.frames:
            said.append(
                "no address of a private network speaks in it: name the devices' networks with --local, as in "
                "--local 203.0.113.0/24"
            )
        return tuple(said)

    def _told_of(self) -> tuple[Group, ...]:
        groups = self._parties.groups()
        return foremost(groups, self._kept_of, self._parties.spans, known=self._known, most=self._most)

    def _kept_of(self, group: Group) -> tuple[Keeping, ...]:
        return tuple(kept[party] for party in group.parties for kept in (self._kept, self._open) if party in kept)

    def _account(self, group: Group) -> Account:
        return Account(
            group,
            kept=self._kept_of(group),
            claims=tuple(claim for party in group.parties for claim in self._claims.get(party, ())),
            spans=self._parties.spans(group),
            locality=self._locality,
            clock=self._clock,
        )


def _named(talk: Talk) -> Talk:
    """With the protocol of the link that nobody reads, where it is one."""
    known = link_protocol(talk.transport, talk.port) if talk.peer.is_local and talk.protocol == "unknown" else ""
    if known:
        return msgspec.structs.replace(talk, protocol=known, protection="cleartext")
    return msgspec.structs.replace(talk, protocol=safe_text(talk.protocol, 40) or "unknown")


def _began(conversation: Conversation) -> bool:
    """Whether it is known who sent the first packet."""
    return conversation.has_beginning


def _network(word: str) -> Network:
    try:
        return unmapped(ip_network(word.strip(), strict=False))
    except ValueError as error:
        raise BadInput(f"--local {safe_text(word, 80)} is no network: write it like 203.0.113.0/24") from error
