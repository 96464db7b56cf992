from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import coap, coap_options, coap_tcp, link_format
from iotscan.wire.coap import EMPTY, Message, ping, read_message, reset

ids = st.integers(0, 0xFFFF)


@given(ids)
def test_a_ping_and_its_reset_are_read_back(message_id: int) -> None:
    assert read_message(ping(message_id)) == Message(kind="confirmable", code=EMPTY, message_id=message_id)
    assert read_message(reset(message_id)) == Message(kind="reset", code=EMPTY, message_id=message_id)


def test_a_ping_is_as_in_the_standard() -> None:
    assert ping(0x1234) == b"\x40\x00\x12\x34"
    assert reset(0x1234) == b"\x70\x00\x12\x34"


@given(st.binary(max_size=64))
def test_no_datagram_makes_it_raise(datagram: bytes) -> None:
    message = read_message(datagram)
    assert message is None or message.message_id.to_bytes(2, "big") == datagram[2:4]


def test_what_breaks_the_header_is_no_coap() -> None:
    other_version, long_token, body_of_an_empty = b"\x80\0\0\1", b"\x49\1\0\1" + bytes(9), b"\x70\0\0\1x"
    for datagram in (b"", b"\x70\0\0", other_version, long_token, body_of_an_empty):
        assert read_message(datagram) is None


paths = st.lists(st.text("abc.-", min_size=1, max_size=300), max_size=4).map(tuple)


@given(paths, ids, st.binary(max_size=8), st.none() | st.integers(0, 0xFFFFFF))
def test_a_get_is_read_back(path: tuple[str, ...], message_id: int, token: bytes, block: int | None) -> None:
    datagram = coap.get(path, message_id, token, block=block)
    assert read_message(datagram) == Message(kind="confirmable", code=coap.GET, message_id=message_id)
    assert coap.read_response(datagram) is None
    read = coap_options.read(datagram[4 + len(token) :])
    assert read is not None
    assert tuple(v.decode() for n, v in read[0] if n == coap_options.URI_PATH) == path
    assert coap_options.number_of(read[0], coap_options.BLOCK2) == block


@given(st.binary(max_size=128))
def test_no_bytes_make_the_readers_raise(data: bytes) -> None:
    coap.read_response(data)
    coap_options.read(data)
    list(link_format.read_links(data))
    frame = coap_tcp.read_frame(data)
    assert not isinstance(frame, coap_tcp.Frame) or 2 <= frame.size <= len(data)


@given(paths, st.binary(max_size=8))
def test_a_get_over_tcp_is_read_back(path: tuple[str, ...], token: bytes) -> None:
    data = coap_tcp.get(path[:1], token)
    frame = coap_tcp.read_frame(data + b"more")
    assert isinstance(frame, coap_tcp.Frame)
    assert (frame.size, frame.code, frame.token) == (len(data), coap.GET, token)
    for cut in range(len(data)):
        assert isinstance(coap_tcp.read_frame(data[:cut]), int)


def test_links_with_commas_in_quotes_and_targets() -> None:
    links = list(link_format.read_links(b'</a,b>;title="x,y;z";rt="p q";osc, </c>;IF=core.s,junk,<d<e>'))
    assert [(link.target, dict(link.attributes)) for link in links] == [
        (b"/a,b", {"title": b"x,y;z", "rt": b"p q", "osc": b""}),
        (b"/c", {"if": b"core.s"}),
    ]


def test_codes_as_they_are_written() -> None:
    assert [coap.code_text(code) for code in (0x45, 0x81, 0xA5)] == ["2.05", "4.01", "5.05"]
