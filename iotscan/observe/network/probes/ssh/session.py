"""One conversation with an SSH server, as far as nobody logs in: RFC 4253, and the first question of RFC 4252."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.observe.network.conversation import Connection
from iotscan.wire.ssh import exchange, host_keys, messages, protection
from iotscan.wire.ssh.identification import IDENTIFICATION, SOFTWARE, Identification, read_identification
from iotscan.wire.ssh.kexinit import EXTENSIONS_CLIENT, STRICT_CLIENT, KexInit, kexinit, read_kexinit
from iotscan.wire.ssh.packets import packet, read_packet, whole_length

_LINES_CAP: Final = 16 * 1024
_MOST_MEANINGLESS: Final = 32
"""Messages without a meaning that one conversation may hold."""
_LETTERS_OUT: Final = (b"A", b"C", b"E")
_LETTERS_IN: Final = (b"B", b"D", b"F")


class Ended(Exception):
    """The server closed, or said that it does: an answer to what was asked last."""


class Unknown(Ended):
    """The server does not know the message that it was sent last."""


class Garbled(Exception):
    """What came is not what may come: nothing was learnt."""


class TurnedAway(Exception):
    """The server ended the conversation before it said who it is: it keeps us out, or has no room."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A host key, and whether the server proved that it holds its private part."""

    host_key: host_keys.HostKeyBlob
    is_proved: bool


class Methods(msgspec.Struct, frozen=True, kw_only=True):
    """The methods that may go on, and whether it let us in without any."""

    names: tuple[str, ...] = ()
    lets_in: bool = False


class _Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """What a key exchange came to: the keys of both directions are made of it where they are used."""

    method: str
    secret: int
    made: bytes
    ours: KexInit

    def outgoing(self) -> protection.Direction:
        return self._direction(_LETTERS_OUT, self.ours.ciphers_in[0], self.ours.macs_in, outgoing=True)

    def incoming(self) -> protection.Direction:
        return self._direction(_LETTERS_IN, self.ours.ciphers[0], self.ours.macs, outgoing=False)

    def _direction(
        self, letters: tuple[bytes, bytes, bytes], cipher: str, macs: tuple[str, ...], *, outgoing: bool
    ) -> protection.Direction:
        kind = protection.CIPHERS[cipher]
        mac = "" if kind.has_own_mac else macs[0]
        sizes = kind.iv, kind.key, protection.MACS[mac].key if mac else 0
        iv, key, mac_key = (
            exchange.derive(self.method, self.secret, self.made, self.made, letter, size)
            for letter, size in zip(letters, sizes, strict=True)
        )
        return protection.protect(cipher, mac, protection.Keys(iv=iv, cipher=key, mac=mac_key), outgoing=outgoing)


class Session:
    """Speaks over one connection.

    In this order: :meth:`identify`, :meth:`open`, :meth:`exchange_keys`, :meth:`ask_methods`, :meth:`leave`.
    Each raises :class:`Ended`, :class:`Garbled` or a DialError.
    """

    said: Identification
    offer: KexInit

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._data = b""
        self._sent = self._received = self._meaningless = 0
        self._seal: protection.Sealing | None = None
        self._unseal: protection.Unsealing | None = None
        self._agreed: _Agreed | None = None
        self._is_strict = False
        self.group: exchange.Group | None = None
        """The group that the server gave in :meth:`exchange_keys`."""
        self.banner = b""
        self.signature_algorithms: tuple[str, ...] = ()

    async def identify(self) -> Identification:
        """Who it says it is. Raises :class:`TurnedAway`, and Garbled where it is something else."""
        data = await self._connection.receive_while(lambda got: read_identification(got) is None, _LINES_CAP)
        said = read_identification(data)
        if said is None:
            if len(data) < _LINES_CAP and b"SSH-" not in data:
                raise TurnedAway("it sent no SSH identification line")
            raise Garbled("it sent no SSH identification line")
        self.said, self._data = said, data[said.end :]
        return said

    @property
    def rest(self) -> bytes:
        """What came after the identification and was not read."""
        return self._data

    @property
    def is_open(self) -> bool:
        """Whether its offer has come."""
        return hasattr(self, "offer")

    async def open(self, earlier: "Session | None" = None) -> KexInit:
        """Introduce us, and read what it offers: mostly what it did in an earlier conversation."""
        await self._connection.send(IDENTIFICATION)
        try:
            self._server_offer = await self._next()
        except Ended as error:
            raise Garbled("it closed the connection before its KEXINIT") from error
        is_the_same = (
            earlier is not None and earlier.is_open and _lists(earlier._server_offer) == _lists(self._server_offer)
        )
        offer = earlier.offer if earlier is not None and is_the_same else read_kexinit(self._server_offer)
        if offer is None:
            raise Garbled("its first packet is no KEXINIT")
        self.offer = offer
        return offer

    async def exchange_keys(
        self, method: str, algorithms: Sequence[str], bounds: exchange.Bounds | None = None
    ) -> Shown | None:
        """One key exchange for one type of host key. With bounds: in a group of them, kept in :attr:`group`.

        None without algorithms: then a group is all that is asked for. Raises Ended where it refuses.
        """
        wanted = tuple(algorithms) or self.offer.host_key_algorithms[:1]
        ours = self._our_offer(method, wanted)
        self._client_offer = kexinit(ours, secrets.token_bytes(16))
        asked = b""
        share: exchange.Share | None = None
        if bounds is None:
            share = exchange.share_of(method)
            begin = exchange.init(share)
        else:
            begin = exchange.group_request(bounds)
            asked = begin[1:]
        await self._send(self._client_offer, begin)
        if self.offer.guesses and (self.offer.kex[:1], self.offer.host_key_algorithms[:1]) != ((method,), wanted[:1]):
            await self._next()
        if bounds is not None:
            asked, share = await self._agree_on_group(asked, bounds)
            if not algorithms:
                return None
            await self._send(exchange.group_init(share))
        assert share is not None
        number = exchange.REPLY if bounds is None else exchange.GEX_REPLY
        reply = exchange.read_reply(await self._await(number), number=number)
        if reply is None:
            raise Garbled("its answer to the key exchange cannot be read")
        return self._judge(method, ours, share, reply, asked)

    async def _agree_on_group(self, asked: bytes, bounds: exchange.Bounds) -> tuple[bytes, exchange.Share]:
        """What was asked in the end, and our half in the group that came."""
        try:
            answer = await self._await(exchange.GEX_GROUP)
        except Unknown:
            request = exchange.old_group_request(bounds.wanted)
            asked = request[1:]
            await self._send(request)
            answer = await self._await(exchange.GEX_GROUP)
        group = exchange.read_group(answer)
        if group is None:
            raise Garbled("its group cannot be read")
        self.group = group
        share = exchange.share_in(group)
        if share is None:
            raise Garbled(f"no key is exchanged in a group of {group.bits} bits like this")
        return asked, share

    def _our_offer(self, method: str, algorithms: tuple[str, ...]) -> KexInit:
        """What is agreed on, and nothing else: one method, and the first of each list that both can do."""
        theirs = self.offer
        cipher_out, cipher_in = (_first(protection.CIPHERS, n) for n in (theirs.ciphers_in, theirs.ciphers))
        mac_out, mac_in = (_first(protection.MACS, n) for n in (theirs.macs_in, theirs.macs))
        squeeze_out, squeeze_in = (
            _first(("none", "zlib@openssh.com"), n) for n in (theirs.compression_in, theirs.compression)
        )
        return KexInit(
            kex=(method, EXTENSIONS_CLIENT, STRICT_CLIENT),
            host_key_algorithms=algorithms,
            ciphers_in=cipher_out,
            ciphers=cipher_in,
            macs_in=mac_out,
            macs=mac_in,
            compression_in=squeeze_out,
            compression=squeeze_in,
        )

    def _judge(self, method: str, ours: KexInit, share: exchange.Share, reply: exchange.Reply, asked: bytes) -> Shown:
        host_key = host_keys.read_host_key(reply.host_key)
        if host_key is None:
            raise Garbled("its host key cannot be read")
        secret = share.secret(reply.public)
        if secret is None:
            return Shown(host_key=host_key, is_proved=False)
        opening = exchange.Opening(
            client_line=SOFTWARE,
            server_line=self.said.line,
            client_offer=self._client_offer,
            server_offer=self._server_offer,
        )
        made = exchange.exchange_hash(
            method, opening, reply, share.public, secret, asked=asked, group=self.group if asked else None
        )
        is_proved = host_keys.is_signed_by(host_key.key, reply.signature, made)
        self._is_strict = self.offer.is_strict
        if is_proved and _can_speak(ours):
            self._agreed = _Agreed(method=method, secret=secret, made=made, ours=ours)
        return Shown(host_key=host_key, is_proved=is_proved)

    async def ask_methods(self, user: str) -> Methods:
        """Which methods may go on for a user. Raises Garbled where nothing can be asked."""
        if self._agreed is None:
            raise Garbled("there is no cipher or checksum that both can do")
        await self._send(messages.new_keys())
        outgoing, incoming = self._agreed.outgoing(), self._agreed.incoming()
        self._seal, self._sent = outgoing, 0 if self._is_strict else self._sent
        await self._send(messages.service_request())
        await self._await(messages.NEWKEYS)
        self._unseal, self._received = incoming, 0 if self._is_strict else self._received
        await self._await(messages.SERVICE_ACCEPT)
        await self._send(messages.none_request(user))
        answer = await self._await(messages.USERAUTH_FAILURE, messages.USERAUTH_SUCCESS)
        if answer[0] == messages.USERAUTH_SUCCESS:
            return Methods(lets_in=True)
        failure = messages.read_failure(answer)
        if failure is None:
            raise Garbled("its list of methods cannot be read")
        return Methods(names=failure.methods)

    async def leave(self) -> None:
        """Say that we are done."""
        await self._send(messages.disconnect("done"))

    async def _send(self, *payloads: bytes) -> None:
        sealed = b""
        for payload in payloads:
            sealed += self._seal.seal(payload, self._sent) if self._seal else packet(payload)
            self._sent = (self._sent + 1) % 2**32
        await self._connection.send(sealed)

    async def _await(self, *numbers: int) -> bytes:
        """The next message that means something, which must be one of these."""
        while True:
            payload = await self._next()
            number = payload[0]
            if number in numbers:
                return payload
            if number == messages.EXT_INFO:
                self.signature_algorithms = messages.read_signature_algorithms(payload) or ()
            elif number == messages.USERAUTH_BANNER:
                self.banner = self.banner or messages.read_banner(payload) or b""
            elif number == messages.UNIMPLEMENTED:
                raise Unknown("it does not know what it was asked")
            else:
                raise Garbled(f"it sent message {number} where another must come")
            self._count_meaningless()

    async def _next(self) -> bytes:
        """The payload of the next packet but those without a meaning; never empty."""
        while True:
            payload = await (self._read_sealed() if self._unseal else self._read_plain())
            self._received = (self._received + 1) % 2**32
            if not payload:
                raise Garbled("a packet of it cannot be read")
            if payload[0] not in (messages.IGNORE, messages.DEBUG):
                if said := messages.read_disconnect(payload):
                    raise Ended(f"it hung up: {safe_text(said.words)} ({said.reason})")
                return payload
            self._count_meaningless()

    def _count_meaningless(self) -> None:
        self._meaningless += 1
        if self._meaningless > _MOST_MEANINGLESS:
            raise Garbled("it sends messages without a meaning and no other")

    async def _read_plain(self) -> bytes | None:
        await self._fill(4)
        whole = whole_length(self._data)
        return read_packet(await self._take(whole)) if whole is not None else None

    async def _read_sealed(self) -> bytes | None:
        assert self._unseal is not None
        await self._fill(self._unseal.head)
        whole = self._unseal.whole(self._data[: self._unseal.head], self._received)
        return self._unseal.open(await self._take(whole), self._received) if whole is not None else None

    async def _take(self, length: int) -> bytes:
        await self._fill(length)
        piece, self._data = self._data[:length], self._data[length:]
        return piece

    async def _fill(self, length: int) -> None:
        pieces, have = [self._data], len(self._data)
        while have < length:
            piece = await self._connection.receive(64 * 1024)
            if not piece and have:
                raise Garbled("it closed the connection in the middle of a message")
            if not piece:
                raise Ended("it closed the connection")
            pieces.append(piece)
            have += len(piece)
        self._data = b"".join(pieces)


def _lists(payload: bytes) -> bytes:
    """A KEXINIT without its cookie, which is new each time."""
    return payload[:1] + payload[17:]


def _first(known: Iterable[str], offered: tuple[str, ...]) -> tuple[str, ...]:
    """The first that we can do, alone; the server's own list where we can do none: its host key comes before."""
    return next(((name,) for name in known if name in offered), offered)


def _can_speak(ours: KexInit) -> bool:
    """Whether what was agreed on can be done."""
    return all(
        cipher
        and cipher[0] in protection.CIPHERS
        and (protection.CIPHERS[cipher[0]].has_own_mac or (mac and mac[0] in protection.MACS))
        and squeeze
        and squeeze[0] in ("none", "zlib@openssh.com")
        for cipher, mac, squeeze in (
            (ours.ciphers_in, ours.macs_in, ours.compression_in),
            (ours.ciphers, ours.macs, ours.compression),
        )
    )
