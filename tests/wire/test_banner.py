import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.banner import recognise


@pytest.mark.parametrize(
    ("data", "expected", "protocol"),
    [
        (b"SSH-2.0-dropbear\r\n", "", "ssh"),
        (b"come in\r\nSSH-1.99-x\r\n", "", "ssh"),
        (b"HTTP/1.0 400 Bad Request\r\n", "", "http"),
        (b"RTSP/1.0 200 OK\r\n", "", "rtsp"),
        (b"220-FTP\r\n", "", "ftp"),
        (b"220 x ESMTP Exim\r\n", "ftp", "smtp"),
        (b"220 hello\r\n", "smtp", "smtp"),
        (b"\xff\xfb\x01", "", "telnet"),
        (b"Acme\r\nUser Name: ", "", "telnet"),
        (b"root@box:~# ", "", "telnet"),
        (b"router>", "telnet", "telnet"),
        (b"\x15\x03\x01\x00\x02\x01\x70", "", "tls"),
        (b"\x20\x02\x00\x05", "", "mqtt"),
    ],
)
def test_recognised(data: bytes, expected: str, protocol: str) -> None:
    found = recognise(data, expected)
    assert found is not None
    assert found.protocol == protocol


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"220 hello\r\n",
        b"router>",
        b"####",
        b"\x15\x03",
        b"\x16\x03\x01",
        b"\xff",
        b"HELLO 1\r\n",
        b"{}",
        b"\x20\x02",
    ],
)
def test_not_recognised(data: bytes) -> None:
    assert recognise(data) is None


@given(st.binary(max_size=300), st.sampled_from(["", "ssh", "telnet", "ftp", "https"]))
def test_any_bytes_give_safe_words_or_none(data: bytes, expected: str) -> None:
    for start in (b"", b"SSH-", b"HTTP/1.1 ", b"220 FTP ", b"\xff\xfb"):
        found = recognise(start + data, expected)
        assert found is None or (found.how.isprintable() and len(found.how) < 200)
