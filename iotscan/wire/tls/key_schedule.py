"""From a premaster secret to the keys of a connection and the proof that both sides have them, in TLS 1.2.

Source: RFC 5246 sections 5 (PRF), 6.3 (keys), 7.4.9 (Finished) and 8.1 (master secret), RFC 7627 section 4.
"""

import hashlib
import hmac
from typing import Literal

HashName = Literal["sha256", "sha384"]
MASTER_SECRET = 48
"""Bytes of a master secret."""
VERIFY_DATA = 12
"""Bytes of a Finished message's body."""


def prf(secret: bytes, label: bytes, seed: bytes, length: int, digest: HashName) -> bytes:
    """The pseudorandom function of TLS 1.2: ``length`` bytes."""
    seed = label + seed
    made, link = b"", seed
    while len(made) < length:
        link = hmac.digest(secret, link, digest)
        made += hmac.digest(secret, link + seed, digest)
    return made[:length]


def transcript_hash(transcript: bytes, digest: HashName) -> bytes:
    """The hash over the handshake messages so far."""
    return hashlib.new(digest, transcript).digest()


def master_secret(premaster: bytes, client_random: bytes, server_random: bytes, digest: HashName) -> bytes:
    """The master secret of RFC 5246."""
    return prf(premaster, b"master secret", client_random + server_random, MASTER_SECRET, digest)


def extended_master_secret(premaster: bytes, transcript: bytes, digest: HashName) -> bytes:
    """The master secret of RFC 7627; ``transcript`` ends with the ClientKeyExchange."""
    session = transcript_hash(transcript, digest)
    return prf(premaster, b"extended master secret", session, MASTER_SECRET, digest)


def key_block(master: bytes, client_random: bytes, server_random: bytes, length: int, digest: HashName) -> bytes:
    """``length`` bytes from which MAC keys, cipher keys and IVs are cut."""
    return prf(master, b"key expansion", server_random + client_random, length, digest)


def verify_data(master: bytes, transcript: bytes, side: Literal["client", "server"], digest: HashName) -> bytes:
    """The body of the Finished message that ``side`` sends after ``transcript``."""
    label = side.encode("ascii") + b" finished"
    return prf(master, label, transcript_hash(transcript, digest), VERIFY_DATA, digest)
