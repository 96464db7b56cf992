"""Our half of a key exchange, and the keys that come of it, beside asyncssh."""

import asyncssh.kex_dh
import pytest
from asyncssh.encryption import get_encryption, get_encryption_params
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.ssh import exchange, primes
from iotscan.wire.ssh.packets import LONGEST
from iotscan.wire.ssh.protection import CIPHERS, MACS, Direction, Keys, protect


@pytest.mark.parametrize("bits", [1024, 2048, 3072, 4096, 6144, 8192])
def test_primes_are_those_of_the_rfc(bits: int) -> None:
    number = {1024: 1, 2048: 14, 3072: 15, 4096: 16, 6144: 17, 8192: 18}[bits]
    assert primes.prime(bits) == getattr(asyncssh.kex_dh, f"_group{number}_p")


@pytest.mark.parametrize("method", exchange.METHODS)
def test_both_sides_come_to_one_secret(method: str) -> None:
    ours, theirs = exchange.share_of(method), exchange.share_of(method)
    secret = ours.secret(theirs.public[4:])
    assert secret is not None
    assert secret == theirs.secret(ours.public[4:])


@given(st.sampled_from(("curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group1-sha1")), st.binary())
def test_no_share_raises(method: str, theirs: bytes) -> None:
    exchange.share_of(method).secret(theirs)


@pytest.mark.parametrize(
    ("method", "theirs"),
    [
        ("curve25519-sha256", bytes(32)),
        ("ecdh-sha2-nistp256", b"\x04" + bytes(64)),
        ("diffie-hellman-group1-sha1", b""),
        ("diffie-hellman-group1-sha1", b"\x01"),
        ("diffie-hellman-group1-sha1", (primes.prime(1024) - 1).to_bytes(129, "big")),
    ],
)
def test_shares_that_give_the_secret_away_are_none(method: str, theirs: bytes) -> None:
    assert exchange.share_of(method).secret(theirs) is None


@pytest.mark.parametrize("modulus", [0, 1, 4, primes.prime(2048) - 1, primes.prime(1024) * 17])
def test_what_shows_at_a_glance_to_be_no_group(modulus: int) -> None:
    assert primes.why_unfit(modulus, 2)
    assert exchange.share_in(exchange.Group(modulus=modulus, generator=2)) is None


def test_generators() -> None:
    assert primes.why_unfit(primes.prime(2048), 2) == ""
    assert primes.why_unfit(primes.prime(2048), 1)
    assert primes.why_unfit(primes.prime(2048), primes.prime(2048) - 1)


@pytest.mark.parametrize("bits", [16, 16384])
def test_sizes_that_are_told_and_not_used(bits: int) -> None:
    group = exchange.Group(modulus=(1 << bits - 1) + 1, generator=2)
    assert group.bits == bits
    assert exchange.share_in(group) is None


def sealed(cipher: str, mac: str, payloads: list[bytes]) -> list[bytes]:
    """Packets that go through: sealed at one end, taken to bits, and opened at the other."""
    keys = Keys(iv=b"i" * CIPHERS[cipher].iv, cipher=b"k" * CIPHERS[cipher].key, mac=b"m" * MACS[mac].key)
    out, back = (protect(cipher, mac, keys, outgoing=outgoing) for outgoing in (True, False))
    packets = [out.seal(payload, number) for number, payload in enumerate(payloads)]
    return [opened(back, made, number) for number, made in enumerate(packets)]


def opened(back: Direction, made: bytes, number: int) -> bytes:
    assert back.whole(made[: back.head], number) == len(made)
    payload = back.open(made, number)
    assert payload is not None
    return payload


PAIRS = [(cipher, "hmac-sha2-256") for cipher in CIPHERS] + [("aes128-ctr", mac) for mac in MACS]


@pytest.mark.parametrize(("cipher", "mac"), PAIRS)
def test_packets_go_through(cipher: str, mac: str) -> None:
    payloads = [b"\x05first", b"\x32" + b"second" * 50, b"\x01"]
    assert sealed(cipher, mac, payloads) == payloads


@pytest.mark.parametrize(("cipher", "mac"), [pair for pair in PAIRS if "none" not in pair])
def test_a_packet_with_one_bit_changed_is_none(cipher: str, mac: str) -> None:
    keys = Keys(iv=b"i" * CIPHERS[cipher].iv, cipher=b"k" * CIPHERS[cipher].key, mac=b"m" * MACS[mac].key)
    made = bytearray(protect(cipher, mac, keys, outgoing=True).seal(b"\x32what is said", 3))
    made[-20] ^= 4
    back = protect(cipher, mac, keys, outgoing=False)
    back.whole(bytes(made[: back.head]), 3)
    assert back.open(bytes(made), 3) is None


@given(st.sampled_from(PAIRS), st.binary(min_size=16, max_size=100))
def test_no_opening_raises(pair: tuple[str, str], data: bytes) -> None:
    cipher, mac = pair
    keys = Keys(iv=b"i" * CIPHERS[cipher].iv, cipher=b"k" * CIPHERS[cipher].key, mac=b"m" * MACS[mac].key)
    back = protect(cipher, mac, keys, outgoing=False)
    whole = back.whole(data[: back.head], 0)
    assert whole is None or whole <= LONGEST + 4 + 64
    back.open(data + bytes(100), 0)


ASYNCSSH = [name for name in CIPHERS if name not in ("none", "rijndael-cbc@lysator.liu.se")]


@pytest.mark.parametrize("cipher", ASYNCSSH)
@pytest.mark.parametrize("mac", ["hmac-sha2-256", "hmac-sha1-etm@openssh.com", "hmac-md5-96"])
def test_asyncssh_opens_what_we_seal(cipher: str, mac: str) -> None:
    _, _, block, _, _, is_etm = get_encryption_params(cipher.encode(), mac.encode())
    keys = Keys(iv=b"i" * CIPHERS[cipher].iv, cipher=b"k" * CIPHERS[cipher].key, mac=b"m" * MACS[mac].key)
    out = protect(cipher, mac, keys, outgoing=True)
    theirs = get_encryption(cipher.encode(), keys.cipher, keys.iv, mac.encode(), keys.mac, is_etm)
    begin, tag = max(8, block), 16 if CIPHERS[cipher].has_own_mac else MACS[mac].length
    for number, payload in enumerate((b"\x05first", b"\x32second")):
        made = out.seal(payload, number)
        first, _ = theirs.decrypt_header(number, made[:begin], 4)
        body = theirs.decrypt_packet(number, first, made[begin:-tag], 4, made[-tag:])
        assert body is not None
        assert bytes(body)[1 : 1 + len(payload)] == payload
