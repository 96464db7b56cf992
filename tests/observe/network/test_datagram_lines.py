"""The commands beside findings over datagrams show what they say, and nothing where it is not so."""

import subprocess
from pathlib import Path

from iotscan.assess.check import Target
from iotscan.assess.datagram_lines import ask_for_cookie, ping_coap
from iotscan.model.subject import Subject
from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls_server import flight, hello_verify_request
from iotscan.wire.tls.server import server_hello_body
from tests.observe.network.daemons import HOST, tool
from tests.observe.network.datagrams import answering, coap_server, free_pair

HELLO = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.2", suite=0xC02F))
RETRY = (framing.SERVER_HELLO, server_hello_body(version="DTLSv1.3", suite=0x1301, retry_cookie=b"again"))


def target(port: int) -> Target:
    return Target(subject=Subject(device="d", address=HOST, service=f"udp/{port}"))


def run(line: str) -> str:
    tool("nc", "netcat-openbsd")
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=30, check=False)
    return ended.stdout


def test_an_answer_without_a_cookie_is_shown() -> None:
    with answering(lambda data: flight([HELLO], first=0)) as port:
        assert "ServerHello before any cookie" in run(ask_for_cookie(target(port)))


def test_a_request_for_a_cookie_is_not() -> None:
    for answer in ([hello_verify_request(b"c" * 16)], flight([RETRY], first=0), []):
        with answering(lambda data, answer=answer: answer) as port:
            assert run(ask_for_cookie(target(port))) == ""


def test_a_ping_shows_coap_and_nothing_where_nobody_is(tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path, "-k", "secret") as port:
        assert "CoAP Reset" in run(ping_coap(target(port)))
        assert run(ask_for_cookie(target(port + 1))) == ""
    with free_pair() as port:
        pass
    assert run(ping_coap(target(port))) == ""
