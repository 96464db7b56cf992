import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import RtspChallenge
from iotscan.wire import rtsp

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=Session\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 0 RTP/AVP 8\r\n"
)


def response(status: int, *fields: str, body: bytes = b"", number: int = 3) -> bytes:
    length = (f"Content-Length: {len(body)}",) if body else ()
    lines = (f"RTSP/1.0 {status} So", f"CSeq: {number}", *fields, *length)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read(data: bytes, number: int = 3) -> rtsp.RtspResponse:
    reply = rtsp.read_response(data, number)
    assert reply is not None
    return reply


def test_a_request_holds_no_credentials_and_its_number() -> None:
    lines = rtsp.request("DESCRIBE", "rtsp://10.0.0.9/stream1", 7).split(b"\r\n")
    assert lines[:3] == [b"DESCRIBE rtsp://10.0.0.9/stream1 RTSP/1.0", b"CSeq: 7", b"Accept: application/sdp"]
    assert not any(line.lower().startswith(b"authorization") for line in lines)
    assert lines[-2:] == [b"", b""]


def test_an_open_stream() -> None:
    reply = read(response(200, "Server: Acme\x1b[31m", "Content-Type: application/sdp", body=SDP))
    assert reply.media == ("video H264", "audio PCMA")
    assert reply.server == "Acme\\x1b[31m"
    assert not reply.is_last


def test_a_page_is_no_description() -> None:
    assert read(response(200, body=b"<html>m=video 0 RTP/AVP 96</html>")).media == ()
    assert read(response(200, body=b"v=0\r\ns=Session\r\nt=0 0\r\n")).media == ()
    assert read(response(200)).media == ()
    assert read(response(404, body=SDP)).media == ()


def test_several_challenges() -> None:
    reply = read(
        response(
            401,
            'WWW-Authenticate: Digest realm="Cam", nonce="1", algorithm=SHA-256',
            'WWW-Authenticate: Digest realm="Cam", nonce="1", Basic realm="Cam"',
        )
    )
    assert reply.challenges == (
        RtspChallenge(scheme="digest", realm="Cam", algorithm="sha-256"),
        RtspChallenge(scheme="digest", realm="Cam", algorithm="md5"),
        RtspChallenge(scheme="basic", realm="Cam"),
    )
    assert reply.media == ()
    assert read(response(200, 'WWW-Authenticate: Basic realm="Cam"')).challenges == ()


def test_methods() -> None:
    assert read(response(200, "Public: OPTIONS, DESCRIBE", "Public: PLAY")).methods == ("OPTIONS", "DESCRIBE", "PLAY")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nCSeq: 3\r\n\r\n",
        b"RTSP/1.0 2000 OK\r\nCSeq: 3\r\n\r\n",
        b"RTSP/1.0 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n",
        b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"x" * rtsp.HEAD_CAP + b"\r\n\r\n",
    ],
)
def test_what_is_no_answer_to_the_question(data: bytes) -> None:
    assert rtsp.read_response(data, 3) is None


def test_a_number_may_be_left_out() -> None:
    assert read(b"RTSP/1.0 200 OK\r\n\r\n").status == 200


def test_it_is_known_when_an_answer_ends() -> None:
    whole = response(200, body=SDP)
    assert [n for n in range(len(whole) + 1) if rtsp.is_whole(whole[:n])] == [len(whole)]
    assert rtsp.is_whole(b"SSH-2.0-x")
    assert rtsp.is_whole(b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * 4000)


@pytest.mark.parametrize("length", ["99999999", "-1", "1e9", "²", "9" * 400])
def test_a_length_that_lies_ends_the_conversation(length: str) -> None:
    data = f"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: {length}\r\n\r\n".encode() + b"v=0\r\n" * 4000
    assert rtsp.is_whole(data)
    reply = read(data)
    assert reply.is_last
    assert len(reply.body) <= rtsp.BODY_CAP


def test_who_closes_says_so() -> None:
    assert read(response(404, "Connection: Close")).is_last


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    rtsp.is_whole(data)
    for text in (
        data,
        b"RTSP/1.0 200 OK\r\n" + data,
        b"RTSP/1.0 401 No\r\nWWW-Authenticate: Digest " + data + b"\r\n\r\n",
    ):
        reply = rtsp.read_response(text, 1)
        if reply is not None:
            assert all(word.isprintable() for word in (reply.server, *reply.methods, *reply.media))
            assert all(c.realm.isprintable() and c.scheme.isprintable() for c in reply.challenges)


@given(
    st.lists(
        st.sampled_from([b"v=0", b"m=video 0 RTP/AVP 96", b"a=rtpmap:96 H264/90000", b"m=", b"a=rtpmap:", b"\x1b"])
    )
)
def test_any_lines_are_a_description_or_none(lines: list[bytes]) -> None:
    media = rtsp.read_media(b"\r\n".join(lines))
    assert all(word.isprintable() for word in media)
    assert bool(media) <= (lines[:1] == [b"v=0"])
