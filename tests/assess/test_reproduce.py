"""Reproduce lines are run as a person would paste them: by a shell, against servers that are really there."""

import shutil
import socket
from pathlib import Path

import pytest

from iotscan.assess.hello_lines import say_hello
from iotscan.assess.reproduce import ANY_CIPHER, ask_suites, ask_tls, listen, show_certificate
from iotscan.model.facts import Suite
from tests.assess.servers import s_server, serve, server_hello, shell, target

RSA_AES = Suite(version="TLSv1.2", code=0x009C, name="TLS_RSA_WITH_AES_128_GCM_SHA256")
RSA_3DES = Suite(version="TLSv1.2", code=0x000A, name="TLS_RSA_WITH_3DES_EDE_CBC_SHA")
PSK = Suite(version="TLSv1.2", code=0x00A8, name="TLS_PSK_WITH_AES_128_GCM_SHA256")

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="apt install openssl")
needs_nc = pytest.mark.skipif(shutil.which("nc") is None, reason="apt install netcat-openbsd")


@needs_openssl
def test_a_suite_that_openssl_knows_is_asked_by_openssl(chain: Path):
    files = ("-cert", str(chain / "leaf.pem"), "-key", str(chain / "leaf.key"), "-tls1_2")
    with s_server(*files, "-cipher", "AES128-GCM-SHA256") as accepting:
        line, shows = ask_suites(accepting, [RSA_AES], "kRSA")
        assert "openssl s_client" in line
        assert shows in shell(line)
    with s_server(*files, "-cipher", "ECDHE") as refusing:
        assert shows not in shell(ask_suites(refusing, [RSA_AES], "kRSA")[0])


@needs_openssl
def test_a_pre_shared_key_suite_shows_without_the_key():
    with s_server("-nocert", "-psk", "aabbcc", "-tls1_2", "-cipher", "PSK") as accepting:
        line, shows = ask_suites(accepting, [PSK], "kPSK")
        assert shows in shell(line)


@needs_nc
def test_a_suite_that_openssl_lost_is_asked_as_bytes():
    heard = []

    def talk(connection: socket.socket) -> None:
        heard.append(connection.recv(4096))
        connection.sendall(server_hello(0x0303, 0x000A, session=bytes(32)))

    with serve(talk) as old:
        line, shows = ask_suites(old, [RSA_3DES], "3DES")
        assert "openssl" not in line
        assert shows in shell(line)
    assert b"\x00\x02\x00\x0a" in heard[0], "exactly the suite that was proved is offered"


@needs_nc
@pytest.mark.parametrize("session", [b"", bytes(32)])
def test_a_server_hello_is_printed(session: bytes):
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(server_hello(0x0300, 0x002F, compression=1, session=session))

    with serve(talk) as old:
        printed = shell(say_hello(old, "SSLv3", 0x002F, compression=True))
    assert printed.strip() == "ServerHello: version 0300 suite 002f compression 01"


@needs_nc
@pytest.mark.parametrize("answer", [b"\x15\x03\x00\x00\x02\x02\x28", b"", b"HTTP/1.0 400 no\r\n\r\n"])
def test_a_refusal_prints_nothing(answer: bytes):
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with serve(talk) as refusing:
        assert shell(say_hello(refusing, "SSLv3", 0x002F)) == ""


def test_the_same_line_every_time():
    assert say_hello(target(443), "TLSv1.2", 10) == say_hello(target(443), "TLSv1.2", 10)


@pytest.mark.parametrize(("position", "bits"), [(0, 2048), (1, 1024)])
def test_each_certificate_of_a_chain_can_be_shown(chain: Path, position: int, bits: int):
    files = ("-cert", str(chain / "leaf.pem"), "-key", str(chain / "leaf.key"), "-cert_chain", str(chain / "ca.pem"))
    with s_server(*files, "-cipher", "ALL:@SECLEVEL=0") as server:
        assert f"({bits} bit)" in shell(show_certificate(server, position, "-text"))


@needs_openssl
def test_old_versions_can_be_asked(chain: Path):
    files = ("-cert", str(chain / "leaf.pem"), "-key", str(chain / "leaf.key"), "-cipher", "ALL:@SECLEVEL=0")
    with s_server(*files, "-tls1") as old:
        assert "ServerHello" in shell(ask_tls(old, "-tls1", *ANY_CIPHER, "-msg", show="ServerHello$"))
        assert "Cipher is (NONE)" in shell(ask_tls(old, "-tls1_2", *ANY_CIPHER, show="Cipher is"))


@needs_nc
def test_a_greeting_is_heard_and_answered():
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"hello\r\n")
        connection.sendall(b"you said " + connection.recv(100))

    with serve(talk) as greeter:
        assert shell(listen(greeter)).startswith("hello")
        assert "you said aloha" in shell(listen(greeter, "aloha"))


def test_no_word_gets_out_of_its_quotes():
    hostile = "'; echo pwned; '"
    assert "pwned" not in shell(listen(target(1), hostile)).replace(hostile, "")
    assert shell(f"true; {ask_tls(target(1), show=hostile)}").count("pwned") == 0
