"""SSL 2.0: the hello byte by byte, and a reader that no bytes upset."""

from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.tls.server import alert
from iotscan.wire.tls.sslv2 import KINDS, Sslv2Reader, client_hello, server_hello

KIND = st.sampled_from(sorted(KINDS))


def test_the_hello() -> None:
    hello = client_hello((0x010080,), challenge=bytes(range(16)))
    assert hello.hex() == "801c" + "01" + "0002" + "0003" + "0000" + "0010" + "010080" + bytes(range(16)).hex()


def read(data: bytes, pieces: int = 1) -> Sslv2Reader:
    reader = Sslv2Reader()
    step = max(1, len(data) // pieces)
    for at in range(0, len(data), step):
        if reader.feed(data[at : at + step]):
            break
    reader.closed()
    return reader


@given(st.lists(KIND, max_size=7).map(tuple), st.binary(max_size=2000), st.integers(1, 50))
def test_a_server_hello_in_any_pieces(kinds: tuple[int, ...], certificate: bytes, pieces: int) -> None:
    flight = read(server_hello(kinds, certificate=certificate), pieces).flight
    assert flight.answer is not None
    assert (flight.answer.version, flight.answer.kinds) == ("SSLv2", kinds)
    assert flight.certificates == ((certificate,) if certificate else ())
    assert flight.end == "whole"


@given(st.lists(KIND, max_size=3).map(tuple), st.data())
def test_a_server_hello_that_breaks_off_is_no_answer(kinds: tuple[int, ...], data: st.DataObject) -> None:
    whole = server_hello(kinds)
    flight = read(whole[: data.draw(st.integers(0, len(whole) - 1))]).flight
    assert flight.answer is None
    assert flight.end == "closed"


@given(st.binary(max_size=400), st.integers(1, 20))
def test_any_bytes_end_in_a_flight(data: bytes, pieces: int) -> None:
    flight = read(data, pieces).flight
    assert flight.is_over or not data


def test_an_alert_of_tls_is_read_as_such() -> None:
    answer = read(alert(2, 70), 7).flight.answer
    assert answer is not None
    assert (answer.kind, answer.description) == ("alert", 70)


def test_an_error_of_ssl_2_is_a_refusal() -> None:
    answer = read(b"\x80\x03\x00\x00\x01").flight.answer
    assert answer is not None
    assert answer.kind == "alert"


def test_words_of_another_protocol() -> None:
    answer = read(b"HTTP/1.1 400 Bad Request\r\n\r\n").flight.answer
    assert answer is None or answer.kind == "not_tls"
