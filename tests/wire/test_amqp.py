import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import amqp


def start(properties: bytes, mechanisms: bytes, locales: bytes = b"en_US") -> bytes:
    body = b"\x00\x0a\x00\x0a\x00\x09"
    for text in (properties, mechanisms, locales):
        body += len(text).to_bytes(4, "big") + text
    return b"\x01\x00\x00" + len(body).to_bytes(4, "big") + body + b"\xce"


def field(name: bytes, kind: bytes, value: bytes) -> bytes:
    return bytes((len(name),)) + name + kind + value


RABBIT = b"".join(
    (
        field(b"capabilities", b"F", b"\0\0\0\x0c" + field(b"basic.nack", b"t", b"\1")[:12]),
        field(b"product", b"S", b"\0\0\0\x08RabbitMQ"),
        field(b"weight", b"l", bytes(8)),
        field(b"version", b"S", b"\0\0\0\x063.10.8"),
    )
)
SASL = amqp.SASL_HEADER


def mechanisms(body: bytes) -> bytes:
    """A SASL frame (AMQP 1.0 section 5.3.1)."""
    return SASL + (8 + len(body)).to_bytes(4, "big") + b"\x02\x01\x00\x00" + body


def test_connection_start() -> None:
    data = start(RABBIT, b"PLAIN AMQPLAIN")
    found = amqp.read_start(data + b"more")
    assert found == amqp.Start(mechanisms=("PLAIN", "AMQPLAIN"), product="RabbitMQ", version="3.10.8")
    assert amqp.is_answer(data)
    for end in range(1, len(data)):
        assert amqp.read_start(data[:end]) is None
        assert amqp.is_start_to_be(data[:end])
    assert not amqp.is_start_to_be(data)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b"\x00\x53\x40\xc0\x0e\x01\xe0\x0b\x02\xa3\x05PLAIN\x02XY", ("PLAIN", "XY")),
        (b"\x00\x80\0\0\0\0\0\0\0\x40\xc0\x09\x01\xa3\x05PLAIN", ("PLAIN",)),
        (b"\x00\x53\x40\xd0\0\0\0\x18\0\0\0\x01\xf0\0\0\0\x0e\0\0\0\x01\xb3\0\0\0\x05PLAIN", ("PLAIN",)),
        (b"\x00\x53\x41\xc0\x09\x01\xa3\x05PLAIN", None),
        (b"\x00\x53\x40\xc0\x01\x00", None),
        (b"\x00\x53\x40\xc0\x09\x01\xa3\xffPLAIN", None),
    ],
)
def test_mechanisms(body: bytes, names: tuple[str, ...] | None) -> None:
    data = mechanisms(body)
    assert amqp.read_mechanisms(data) == names
    assert not amqp.is_mechanisms_to_be(data)
    assert all(amqp.is_mechanisms_to_be(data[:end]) for end in range(len(data)))


@pytest.mark.parametrize("data", [amqp.HEADER, b"AMQP\0\1\0\0", b"HTTP/1.1 400 Bad Request\r\n", b"\x15\x03\x01\0\x02"])
def test_another_word_is_no_start_and_no_mechanisms(data: bytes) -> None:
    assert amqp.read_start(data) is None
    assert amqp.read_mechanisms(data) is None
    assert not amqp.is_start_to_be(data)
    assert not amqp.is_mechanisms_to_be(data)


@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=100).map(lambda b: start(b, b)),
        st.binary(max_size=60).map(lambda b: mechanisms(b"\x00\x53\x40" + b)),
    )
)
def test_any_bytes_are_a_value_or_none(data: bytes) -> None:
    amqp.read_start(data)
    amqp.read_mechanisms(data)
    amqp.is_start_to_be(data)
    amqp.is_mechanisms_to_be(data)
