"""An SSH server that does as it is told: honest to the end, or odd in one place."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.wire.ssh import exchange, fields, messages, primes
from iotscan.wire.ssh.host_keys import read_host_key
from iotscan.wire.ssh.identification import read_identification
from iotscan.wire.ssh.kexinit import STRICT_SERVER, KexInit, kexinit, read_kexinit
from iotscan.wire.ssh.packets import packet, read_packet, whole_length
from iotscan.wire.ssh.protection import Direction, Keys, protect

GEX = "diffie-hellman-group-exchange-sha256"
OFFER = KexInit(
    kex=("curve25519-sha256", GEX, STRICT_SERVER),
    host_key_algorithms=("ssh-ed25519",),
    ciphers_in=("aes128-gcm@openssh.com",),
    ciphers=("aes128-gcm@openssh.com",),
    macs_in=("hmac-sha2-256",),
    macs=("hmac-sha2-256",),
    compression_in=("none",),
    compression=("none",),
)
STEPS = ("identification", "kexinit", "group", "reply", "newkeys", "accept", "answer")
"""What it says, in order."""
Instead = Callable[[socket.socket], None]


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """How a server behaves. ``instead`` is done at a step in place of it, and ends the conversation."""

    line: bytes = b"SSH-2.0-script_1"
    before: bytes = b""
    offer: KexInit = OFFER
    groups: Mapping[int, int] = MappingProxyType({1024: primes.prime(2048), 2048: primes.prime(3072)})
    """Least size asked for -> the prime that is given; none: it hangs up."""
    generator: int = 2
    small: int = 0
    """The prime for whoever takes 1024 bits and no more; 0: it hangs up."""
    spoils_signature: bool = False
    blob: bytes = b""
    knows_bounds: bool = True
    lets_in: bool = False
    methods: tuple[str, ...] = ("publickey", "password")
    chatter: Mapping[str, tuple[bytes, ...]] = {}
    """Payloads said ahead of a step."""
    instead: Mapping[str, Instead] = {}
    instead_from: int = 0
    """The conversation, from 0, from which on ``instead`` holds."""
    cut: int = -1
    """Bytes after which each conversation is closed; -1 for never."""


class _Over(Exception):
    """The conversation ends here."""


class Server:
    """What it was asked is in ``heard``: the numbers of the messages, a list for each conversation."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._key = ed25519.Ed25519PrivateKey.generate()
        self.blob = script.blob or fields.string(b"ssh-ed25519") + fields.string(
            self._key.public_key().public_bytes_raw()
        )
        self.heard: list[list[int]] = []
        self.users: list[bytes] = []
        self.said = 0

    @property
    def sha256(self) -> str:
        """The fingerprint of its key."""
        shown = read_host_key(self.blob)
        assert shown is not None
        return shown.key.sha256

    def __call__(self, guest: socket.socket, *, greets: bool = True) -> None:
        """One conversation."""
        self.heard.append([])
        _Talk(self, self._script, self._key, guest, len(self.heard) - 1).run(greets=greets)


class _Talk:
    def __init__(
        self, server: Server, script: Script, key: ed25519.Ed25519PrivateKey, guest: socket.socket, number: int
    ) -> None:
        self._server, self._script, self._key, self._guest, self._number = server, script, key, guest, number
        self._data = b""
        self._out = self._in = self._bytes = 0
        self._seal: Direction | None = None
        self._unseal: Direction | None = None

    def run(self, *, greets: bool) -> None:
        with suppress(_Over):
            if greets:
                self._step("identification", self._script.before + self._script.line + b"\r\n")
            self._serve()

    def _step(self, name: str, payload: bytes) -> None:
        for said in self._script.chatter.get(name, ()):
            self._send(said)
        if name in self._script.instead and self._number >= self._script.instead_from:
            self._script.instead[name](self._guest)
            raise _Over
        if name == "identification":
            self._write(payload)
        else:
            self._send(payload)

    def _send(self, payload: bytes) -> None:
        sealed = self._seal.seal(payload, self._out) if self._seal else packet(payload)
        self._out += 1
        self._write(sealed)

    def _write(self, data: bytes) -> None:
        room = len(data) if self._script.cut < 0 else max(self._script.cut - self._bytes, 0)
        self._guest.sendall(data[:room])
        self._bytes += len(data)
        self._server.said = max(self._server.said, self._bytes)
        if room < len(data):
            raise _Over

    def _fill(self, length: int) -> None:
        while len(self._data) < length:
            piece = self._guest.recv(4096)
            if not piece:
                raise _Over
            self._data += piece

    def _take(self, length: int) -> bytes:
        self._fill(length)
        piece, self._data = self._data[:length], self._data[length:]
        return piece

    def _receive(self) -> bytes:
        if self._unseal:
            self._fill(self._unseal.head)
            whole = self._unseal.whole(self._data[: self._unseal.head], self._in)
        else:
            self._fill(4)
            whole = whole_length(self._data)
        assert whole is not None
        taken = self._take(whole)
        payload = self._unseal.open(taken, self._in) if self._unseal else read_packet(taken)
        self._in += 1
        assert payload
        self._server.heard[self._number].append(payload[0])
        if payload[0] == messages.DISCONNECT:
            raise _Over
        return payload

    def _serve(self) -> None:
        script = self._script
        while (said := read_identification(self._data)) is None:
            self._fill(len(self._data) + 1)
        self._data = self._data[said.end :]
        own = kexinit(script.offer, b"c" * 16)
        self._step("kexinit", own)
        theirs = self._receive()
        offer = read_kexinit(theirs)
        assert offer is not None
        opening = exchange.Opening(
            client_line=said.line, server_line=script.line, client_offer=theirs, server_offer=own
        )
        method = offer.kex[0]
        begin, asked, group = self._receive(), b"", None
        if method == GEX:
            begin, asked, group = self._give_group(begin)
        share = exchange.share_in(group) if group else exchange.share_of(method)
        assert share is not None
        reader = fields.Reader(begin[1:])
        public = reader.string()
        secret = share.secret(public)
        assert secret is not None
        draft = exchange.Reply(host_key=self._server.blob, public=share.public[4:], signature=b"")
        made = exchange.exchange_hash(method, opening, draft, fields.string(public), secret, asked=asked, group=group)
        signature = self._key.sign(made + (b"!" if script.spoils_signature else b""))
        number = exchange.GEX_REPLY if group else exchange.REPLY
        reply = fields.string(self._server.blob) + share.public
        reply += fields.string(fields.string(b"ssh-ed25519") + fields.string(signature))
        self._step("reply", bytes([number]) + reply)
        self._step("newkeys", messages.new_keys())
        self._receive()
        is_strict = script.offer.is_strict
        self._seal, self._out = (
            self._direction(method, secret, made, b"BD", outgoing=True),
            0 if is_strict else self._out,
        )
        self._unseal = self._direction(method, secret, made, b"AC", outgoing=False)
        self._in = 0 if is_strict else self._in
        self._receive()
        self._step("accept", bytes([messages.SERVICE_ACCEPT]) + fields.string(b"ssh-userauth"))
        request = fields.Reader(self._receive()[1:])
        self._server.users.append(request.string())
        assert (request.string(), request.string()) == (b"ssh-connection", b"none")
        welcome = bytes([messages.USERAUTH_SUCCESS])
        self._step("answer", welcome if script.lets_in else messages.failure(script.methods))
        while True:
            self._receive()

    def _give_group(self, begin: bytes) -> tuple[bytes, bytes, exchange.Group]:
        if not self._script.knows_bounds and begin[0] == exchange.GEX_REQUEST:
            self._send(bytes([messages.UNIMPLEMENTED]) + fields.uint32(self._in - 1))
            begin = self._receive()
            assert begin[0] == exchange.INIT
        least = fields.Reader(begin[1:]).uint32()
        is_small = begin[9:13] == fields.uint32(1024)
        modulus = self._script.small or None if is_small else self._script.groups.get(least)
        if modulus is None:
            raise _Over
        group = exchange.Group(modulus=modulus, generator=self._script.generator)
        self._step("group", bytes([exchange.GEX_GROUP]) + fields.mpint(group.modulus) + fields.mpint(group.generator))
        return self._receive(), begin[1:], group

    @staticmethod
    def _direction(method: str, secret: int, made: bytes, letters: bytes, *, outgoing: bool) -> Direction:
        iv, key = (
            exchange.derive(method, secret, made, made, bytes([letter]), size)
            for letter, size in zip(letters, (12, 16), strict=True)
        )
        return protect("aes128-gcm@openssh.com", "", Keys(iv=iv, cipher=key, mac=b""), outgoing=outgoing)
