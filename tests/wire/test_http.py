import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.http import (
    HEADER_CAP,
    BadResponse,
    Exchange,
    HttpResponse,
    Origin,
    challenges,
    parse_response,
    read_cookies,
)


def exchange(path: str = "/", *, cap: int = 1000, keep_alive: bool = False) -> Exchange:
    return Exchange(path, host="192.0.2.7", body_cap=cap, keep_alive=keep_alive)


def test_request_bytes() -> None:
    request = Exchange("/a?b=1", host="[2001:db8::1]:8080", body_cap=1, byte_range="0-9").request
    assert request.startswith(b"GET /a?b=1 HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n")
    for line in (b"Accept-Encoding: identity", b"Connection: close", b"Range: bytes=0-9", b"User-Agent: iotscan/"):
        assert line in request
    assert request.endswith(b"\r\n\r\n")


def test_plain_response() -> None:
    found = parse_response(b"HTTP/1.1 200 OK\r\nContent-Type: text/HTML; charset=x\r\nContent-Length: 2\r\n\r\nhi")
    assert (found.status, found.body, found.is_truncated, found.media_type) == (200, b"hi", False, "text/html")
    assert found.is_html
    assert found.whole_size == 2


def test_body_until_the_end_of_the_stream() -> None:
    assert parse_response(b"HTTP/1.0 401 Unauthorized\nServer: micro_httpd\n\n<html>").body == b"<html>"


def test_chunked_body() -> None:
    found = parse_response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    assert (found.body, found.is_truncated) == (b"abc", False)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
    ],
)
def test_cut_bodies_say_so(data: bytes) -> None:
    found = parse_response(data, body_cap=1000)
    assert found.is_truncated
    assert len(found.body) <= 1000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"SSH-2.0-x\r\n",
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * HEADER_CAP,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * HEADER_CAP,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    ],
)
def test_no_response(data: bytes) -> None:
    with pytest.raises(BadResponse):
        parse_response(data)


def test_endless_interim_responses_end() -> None:
    asked = exchange()
    for _ in range(8):
        asked.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    with pytest.raises(BadResponse):
        asked.feed(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_gzip_though_identity_was_asked() -> None:
    page = gzip.compress(b"<title>x</title>")
    found = parse_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + page)
    assert (found.body, found.is_truncated, found.is_opaque) == (b"<title>x</title>", False, False)
    assert found.whole_size is None


@pytest.mark.parametrize("wbits", [15, -15])
def test_both_kinds_of_deflate(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    page = packer.compress(b"hello" * 50) + packer.flush()
    assert parse_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + page).body == b"hello" * 50


def test_gzip_bomb_stays_small() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    found = parse_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb, body_cap=64 * 1024)
    assert found.is_truncated
    assert len(found.body) <= 64 * 1024


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "gzip\r\nContent-Encoding: gzip", "x-unheard-of"])
def test_other_codings_are_opaque(coding: str) -> None:
    found = parse_response(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n".encode() + gzip.compress(b"x"))
    assert found.is_opaque


def test_a_broken_gzip_is_opaque() -> None:
    assert parse_response(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nno gzip").is_opaque


def test_reuse_needs_a_clean_end() -> None:
    asked = exchange(keep_alive=True)
    asked.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert asked.is_complete
    assert asked.is_reusable
    asked = exchange(keep_alive=True)
    asked.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi more than announced")
    assert asked.is_complete
    assert not asked.is_reusable
    asked = exchange(keep_alive=True)
    asked.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    assert not asked.is_reusable


def test_size_of_a_piece() -> None:
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 0-1/123456\r\n\r\nhi"
    assert parse_response(head).whole_size == 123456
    assert parse_response(head.replace(b"123456", b"*")).whole_size is None


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20))
def test_chunking_changes_nothing(tail: bytes, cuts: list[int]) -> None:
    data = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n" + tail
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    pieces += [data[at:], b""]
    asked = exchange()
    try:
        for number, piece in enumerate(pieces):
            if piece or number == len(pieces) - 1:
                asked.feed(piece)
        chunked: HttpResponse | None = asked.response()
    except BadResponse:
        chunked = None
    try:
        whole: HttpResponse | None = parse_response(data, body_cap=1000)
    except BadResponse:
        whole = None
    assert chunked == whole


@given(
    st.binary(max_size=2000), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: "])
)
def test_any_bytes_give_a_response_or_bad_response(data: bytes, head: bytes) -> None:
    try:
        found = parse_response(head + data, body_cap=500)
    except BadResponse:
        return
    assert len(found.body) <= 500


HERE = Origin(scheme="http", host="192.0.2.7", port=8080, name="Cam.local")


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("login.html", "/dir/login.html"),
        ("/login?next=/a#b", "/login?next=/a"),
        ("http://192.0.2.7:8080/x", "/x"),
        ("//cam.LOCAL:8080", "/"),
        ("/a b\r\nX: y", "/a%20bX:%20y"),
        ("http://192.0.2.7/x", None),
        ("https://192.0.2.7:8080/x", None),
        ("http://192.0.2.8:8080/x", None),
        ("http://user@192.0.2.8:8080/", None),
        ("//evil.example/", None),
        ("http://192.0.2.7:99999/", None),
        ("http://[::1/", None),
        ("javascript:alert(1)", None),
        ("/" + "a" * 5000, None),
    ],
)
def test_only_the_same_origin_is_followed(reference: str, target: str | None) -> None:
    assert HERE.resolve(reference, "/dir/page") == target


@given(st.text(max_size=200))
def test_a_target_is_always_a_path_that_can_be_asked(reference: str) -> None:
    target = HERE.resolve(reference)
    if target is not None:
        assert exchange(target).request.startswith(f"GET {target} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin(scheme="http", host="192.0.2.7", port=80), "192.0.2.7"),
        (Origin(scheme="https", host="192.0.2.7", port=80), "192.0.2.7:80"),
        (Origin(scheme="https", host="fe80::1%eth0", port=443), "[fe80::1]"),
    ],
)
def test_authority(origin: Origin, authority: str) -> None:
    assert origin.authority == authority


def test_cookies_lose_their_values() -> None:
    found = read_cookies(["sid=topsecret; Path=/; HttpOnly; secure", "lang=en", "nonsense", "=x", "a\x1b[2J=1"])
    assert [(c.name, c.secure, c.http_only) for c in found[:2]] == [("sid", True, True), ("lang", False, False)]
    assert len(found) == 3
    assert "topsecret" not in repr(found)
    assert "\x1b" not in repr(found)


def test_challenges_of_several_fields() -> None:
    found = challenges(['Digest realm="a, b", nonce="x", Basic realm="c"', "Negotiate", 'Bearer realm="\x1b]0;x"'])
    assert [c.scheme for c in found] == ["digest", "basic", "negotiate", "bearer"]
    assert (found[0].realm, found[1].realm) == ("a, b", "c")
    assert "\x1b" not in found[3].realm


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=200), max_size=30))
def test_fields_never_raise(fields: list[str]) -> None:
    read_cookies(fields)
    challenges(fields)
