"""What a server asks of a client's certificate, off its first flight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.tls.certificate_request import AUTHORITIES_LIMIT, CertificateRequest, read_certificate_request
from iotscan.wire.tls.flight import read_flight
from iotscan.wire.tls.framing import CERTIFICATE_REQUEST, HANDSHAKE, Malformed, message, record, vector
from iotscan.wire.tls.server import certificate, server_hello, server_hello_done

NAMES = vector(2, vector(2, b"one") + vector(2, b"two"))
NEW = vector(1, b"\x01\x40") + vector(2, b"\x04\x03\x08\x04") + NAMES
OLD = vector(1, b"\x01") + NAMES


@pytest.mark.parametrize("version", ["TLSv1.2", "DTLSv1.2"])
def test_with_schemes(version: str) -> None:
    found = read_certificate_request(NEW, version)
    assert (found.types, found.schemes, found.authorities) == ((1, 64), (0x0403, 0x0804), (b"one", b"two"))


@pytest.mark.parametrize("version", ["SSLv3", "TLSv1.0", "TLSv1.1", "DTLSv1.0"])
def test_before_there_were_schemes(version: str) -> None:
    found = read_certificate_request(OLD, version)
    assert found == CertificateRequest(types=(1,), authorities=(b"one", b"two"), count=2)


def test_a_long_list_is_counted_and_cut() -> None:
    body = vector(1, b"\x01") + vector(2, b"") + vector(2, vector(2, b"n") * 150)
    found = read_certificate_request(body, "TLSv1.2")
    assert (found.count, len(found.authorities)) == (150, AUTHORITIES_LIMIT)


def flight(body: bytes) -> bytes:
    asked = record(HANDSHAKE, 0x0303, message(CERTIFICATE_REQUEST, body))
    return server_hello(version="TLSv1.2", suite=0x002F) + certificate([bytes(3)]) + asked + server_hello_done()


def test_in_a_flight() -> None:
    found = read_flight(flight(NEW))
    assert found.request is not None
    assert (found.asks_certificate, found.request.count, found.end) == (True, 2, "whole")


def test_what_cannot_be_read_was_asked_all_the_same() -> None:
    found = read_flight(flight(NEW[:-1]))
    assert (found.asks_certificate, found.request, found.end) == (True, None, "whole")


@given(st.binary(max_size=80), st.sampled_from(["TLSv1.0", "TLSv1.2"]))
def test_any_bytes(body: bytes, version: str) -> None:
    try:
        found = read_certificate_request(body, version)
    except Malformed:
        return
    assert found.count >= len(found.authorities)
