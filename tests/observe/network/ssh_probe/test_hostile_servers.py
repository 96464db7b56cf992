"""Servers that lie, talk for ever, or end in the middle: bounded, told, and never taken for good."""

import socket
from collections.abc import Callable

import msgspec
import pytest

from iotscan.model.facts import GroupExchange, SshServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.wire.ssh import exchange, fields, messages, primes
from iotscan.wire.ssh.kexinit import kexinit
from iotscan.wire.ssh.packets import packet
from tests.observe.network.daemons import serving
from tests.observe.network.ssh_probe.asking import HASTY, ask, miss, seen, seen_at
from tests.observe.network.ssh_probe.scripted import GEX, OFFER, STEPS, Instead, Script, Server

SMALLEST = GroupExchange(least=1024, wanted=1024, most=8192, bits=2048)
USUAL = GroupExchange(least=2048, wanted=3072, most=8192, bits=3072)
REFUSED = GroupExchange(least=1024, wanted=1024, most=1024, bits=0)


def asked(script: Script, *, share: int = 1000, hasty: bool = False) -> tuple[SshServer, Server]:
    server = Server(script)
    with serving(server) as port:
        return (seen(port, pace=HASTY, share=share) if hasty else seen(port, share=share)), server


def test_the_honest_one() -> None:
    server = Server(Script(before=b"welcome\r\n"))
    with serving(server) as port:
        fact, cost = seen_at(port)
    assert [key.sha256 for key in fact.host_keys.value] == [server.sha256]
    assert fact.groups.value == (SMALLEST, USUAL)
    assert fact.login_methods.value == ("publickey", "password")
    assert fact.greeting == ("welcome",)
    assert cost.connections == 3
    # No login was tried, but the question which there are, of a name that nobody has; every end was said.
    said = [number for conversation in server.heard for number in conversation]
    assert said.count(messages.USERAUTH_REQUEST) == 1
    assert server.users[0].startswith(b"iotscan-")
    assert [conversation[-1] == messages.DISCONNECT for conversation in server.heard] == [True, True, True]


def test_a_wrong_signature_proves_no_key() -> None:
    fact, server = asked(Script(spoils_signature=True))
    assert not fact.host_keys.is_answered
    assert [key.sha256 for key in fact.unproved_keys] == [server.sha256]
    assert fact.unread_keys == ("ssh-ed25519",)
    assert not fact.login_methods.is_answered
    assert server.users == []


def test_a_key_of_another_type_than_was_asked_for_is_none() -> None:
    blob = fields.string(b"ssh-rsa") + fields.string(b"\3") + fields.string(b"\0" + b"\xff" * 256)
    fact, _ = asked(Script(blob=blob))
    assert not fact.host_keys.is_answered
    assert fact.unproved_keys == ()


def test_a_server_that_lets_anybody_in() -> None:
    fact, server = asked(Script(lets_in=True))
    assert fact.admits_strangers
    assert fact.login_methods.value == ()
    assert server.heard[0][-2:] == [messages.USERAUTH_REQUEST, messages.DISCONNECT]


def test_a_server_without_a_single_method() -> None:
    fact, _ = asked(Script(methods=()))
    assert not fact.admits_strangers
    assert fact.login_methods.value == ()


ODD = {
    0: "unknown",
    1: "unknown",
    primes.prime(2048) - 1: "unknown",
    primes.prime(1024) * 3: "unknown",
    65521: 16,
    primes.prime(8192) ** 2: 16384,
    primes.prime(1024): 1024,
}


@pytest.mark.parametrize("modulus", ODD, ids=lambda n: f"{n.bit_length()} bits, {n % 4}")
def test_odd_groups(modulus: int) -> None:
    fact, server = asked(Script(groups={1024: modulus, 2048: primes.prime(3072)}))
    if ODD[modulus] == "unknown":
        assert fact.groups.reason is Reason.UNREADABLE
    else:
        assert fact.groups.value[0].bits == ODD[modulus]
    # Whatever it gives, the key that was proved before stands.
    assert [key.sha256 for key in fact.host_keys.value] == [server.sha256]


def test_a_small_group_stands_whatever_comes_after() -> None:
    fact, _ = asked(Script(groups={1024: primes.prime(1024), 2048: 0}))
    assert [group.bits for group in fact.groups.value] == [1024]


def test_a_generator_that_generates_nothing() -> None:
    fact, _ = asked(Script(generator=1))
    assert not fact.groups.is_answered


ONE_SIZE = {1024: primes.prime(2048), 2048: primes.prime(2048)}


def test_a_server_that_gives_one_size_is_asked_for_a_small_group() -> None:
    fact, server = asked(Script(groups=ONE_SIZE))
    assert [group.bits for group in fact.groups.value] == [2048, 2048, 0]
    assert fact.groups.value[2] == REFUSED
    assert server.heard[-1] == [20, exchange.GEX_REQUEST]


def test_a_server_that_gives_whatever_fits() -> None:
    fact, _ = asked(Script(groups=ONE_SIZE, small=primes.prime(1024)))
    assert [group.bits for group in fact.groups.value] == [2048, 2048, 1024]


def test_a_server_that_gives_no_group() -> None:
    fact, server = asked(Script(groups={}))
    assert [group.bits for group in fact.groups.value] == [0, 0]
    assert len(server.heard) == 3


def test_a_server_that_knows_the_old_request_alone() -> None:
    fact, server = asked(
        Script(
            knows_bounds=False,
            offer=msgspec.structs.replace(OFFER, kex=(GEX,)),
            groups={3072: primes.prime(3072)} | {1024: primes.prime(1024)},
        )
    )
    assert exchange.INIT in server.heard[0]
    assert fact.groups.value[0].bits == 1024
    assert fact.host_keys.is_answered


def test_a_wrong_guess_is_passed_over() -> None:
    offer = msgspec.structs.replace(OFFER, kex=("ecdh-sha2-nistp521", "curve25519-sha256"), guesses=True)
    script = Script(offer=offer, chatter={"reply": (bytes([31]) + b"a guess",)})
    fact, server = asked(script)
    assert [key.sha256 for key in fact.host_keys.value] == [server.sha256]
    assert fact.login_methods.is_answered


def test_without_strict_key_exchange_numbers_go_on() -> None:
    offer = msgspec.structs.replace(OFFER, kex=("curve25519-sha256",))
    fact, _ = asked(Script(offer=offer, chatter={"reply": (bytes([messages.IGNORE]) + fields.string(b""),)}))
    assert not fact.has_strict_kex
    assert fact.login_methods.value == ("publickey", "password")


BANNER = bytes([messages.USERAUTH_BANNER]) + fields.string(b"\x1b]0;mine\x07 no entry\n") + fields.string(b"")
EXTENSIONS = (
    bytes([messages.EXT_INFO]) + fields.uint32(1) + fields.string(b"server-sig-algs") + fields.string(b"ssh-rsa,x")
)


def test_what_comes_besides() -> None:
    debug = bytes([messages.DEBUG, 1]) + fields.string(b"hi") + fields.string(b"")
    fact, _ = asked(Script(chatter={"accept": (EXTENSIONS, debug), "answer": (BANNER,), "kexinit": (debug,)}))
    assert fact.signature_algorithms == ("ssh-rsa", "x")
    assert "no entry" in fact.banner
    assert fact.banner.isprintable()


def flood(payload: bytes) -> Instead:
    def talk(guest: socket.socket) -> None:
        while True:
            guest.sendall(packet(payload) * 50)

    return talk


def say(data: bytes) -> Instead:
    return lambda guest: guest.sendall(data)


def close(guest: socket.socket) -> None:
    guest.shutdown(socket.SHUT_RDWR)


def hold(guest: socket.socket) -> None:
    while guest.recv(4096):
        pass


def drip(guest: socket.socket) -> None:
    guest.sendall(b"S")
    guest.settimeout(0.05)
    while True:
        try:
            if not guest.recv(4096):
                return
        except TimeoutError:
            guest.sendall(b"S")


HUGE = fields.string(b"ssh-ed25519") + fields.string(bytes(2**20))
DEEDS: dict[str, Instead] = {
    "close": close,
    "hold": hold,
    "drip": drip,
    "disconnect": say(packet(messages.disconnect("go \x1b[31maway"))),
    "disconnect, cut short": say(packet(bytes([messages.DISCONNECT, 0]))),
    "empty": say(b"\0\0\0\x0c\x0b" + bytes(11)),
    "garbage": say(b"\xff" * 5000),
    "text": say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "ignore for ever": flood(bytes([messages.IGNORE]) + fields.string(b"x" * 1000)),
    "debug for ever": flood(bytes([messages.DEBUG, 0]) + fields.string(b"") * 2),
    "banners for ever": flood(BANNER),
    "a length that is a lie": say(fields.uint32(34000) + b"\x04" + bytes(200)),
    "a padding that is a lie": say(fields.uint32(12) + b"\xff" + bytes(11)),
    "a key of a megabyte": say(packet(bytes([31]) + HUGE[:30000])),
    "numbers of no length": say(packet(bytes([31]) + fields.string(b"") * 3)),
    "lengths that are lies": say(packet(bytes([31]) + b"\xff" * 12)),
    "unimplemented": say(packet(bytes([messages.UNIMPLEMENTED]) + bytes(4))),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("deed", DEEDS)
def test_any_deed_at_any_step(step: str, deed: str) -> None:
    server = Server(Script(instead={step: DEEDS[deed]}))
    with serving(server) as port:
        heard, cost = ask(port, pace=HASTY)
    assert cost.connections <= 8
    if step in ("identification", "kexinit"):
        assert heard.facts == ()
        assert heard.missed[0].status in (AttemptStatus.UNREADABLE, AttemptStatus.TIMED_OUT)
        assert heard.missed[0].detail.isprintable()
        return
    (fact,) = heard.facts
    assert isinstance(fact, SshServer)
    assert not fact.admits_strangers
    assert not fact.login_methods.is_answered or step == "group"
    assert {key.sha256 for key in fact.host_keys.known or ()} <= {server.sha256}
    assert fact.unproved_keys == ()
    assert fact.host_keys.is_answered == (step not in ("reply",))
    if step in ("group", "reply"):
        # The host key, and every group but the one that it hangs up on instead of giving it.
        assert all(group.bits in (0, 2048, 3072) for group in fact.groups.known or ())


@pytest.mark.parametrize("deed", ["close", "text"])
def test_a_server_that_keeps_us_out_is_left_alone(deed: str) -> None:
    instead = {"identification": say(b"Not allowed at this time\r\n") if deed == "text" else close}
    fact, server = asked(Script(instead=instead, instead_from=1))
    assert len(server.heard) == 2
    assert fact.host_keys.is_answered
    assert fact.groups.reason is Reason.UNREACHABLE
    assert fact.login_methods.is_answered


def test_a_server_that_grows_silent_is_left_alone() -> None:
    fact, server = asked(Script(instead={"kexinit": hold}, instead_from=2), hasty=True)
    assert len(server.heard) == 3
    assert fact.groups.value == (SMALLEST,)


@pytest.mark.parametrize("part", range(8))
def test_a_close_after_any_number_of_bytes(part: int) -> None:
    whole = Server(Script())
    with serving(whole) as port:
        seen(port)
    for cut in range(part, whole.said, 8 * 7):
        server = Server(Script(cut=cut))
        with serving(server) as port:
            heard, _ = ask(port)
        for fact in heard.facts:
            assert isinstance(fact, SshServer)
            assert {key.sha256 for key in fact.host_keys.known or ()} <= {server.sha256}
            assert fact.login_methods.known in (None, ("publickey", "password"))
            assert not fact.admits_strangers
            assert all(group.bits in (0, 2048, 3072) for group in fact.groups.known or ())


def test_lists_of_35000_bytes() -> None:
    names = tuple(f"algorithm-number-{n}@example.com" for n in range(500))
    offer = msgspec.structs.replace(OFFER, kex=(*OFFER.kex, *names), macs=("hmac-md5", *names[:300]))
    fact, _ = asked(Script(offer=offer))
    assert len(fact.kex) == 503
    assert fact.macs[0] == "hmac-md5"
    assert fact.host_keys.is_answered


def test_a_name_with_a_control_character_is_no_offer() -> None:
    own = kexinit(OFFER, b"c" * 16).replace(b"hmac-sha2-256", b"hmac-\x1b[2J-256")
    assert len(own) == len(kexinit(OFFER, b"c" * 16))
    with serving(Server(Script(instead={"kexinit": say(packet(own))}))) as port:
        assert miss(port) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)


def test_types_of_host_key_that_nobody_knows_stay_open() -> None:
    offer = msgspec.structs.replace(OFFER, host_key_algorithms=("ssh-ed25519", "x509v3-ssh-rsa"))
    fact, _ = asked(Script(offer=offer))
    assert fact.host_keys.is_answered
    assert fact.unread_keys == ("x509v3-ssh-rsa",)


def repeat(line: bytes, pause: Callable[[socket.socket], None] = lambda guest: None) -> Instead:
    def talk(guest: socket.socket) -> None:
        while True:
            guest.sendall(line)
            pause(guest)

    return talk


@pytest.mark.parametrize("line", [b"x" * 1000, b"hello\r\n" * 100, b"\r\n" * 500, b"SSH", b"SSH-2.0-" + b"x" * 1000])
def test_an_identification_that_never_comes(line: bytes) -> None:
    with serving(repeat(line)) as port:
        assert miss(port, pace=HASTY) == (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
