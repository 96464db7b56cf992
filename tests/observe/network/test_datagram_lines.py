"""The commands beside findings over datagrams show what they say, and nothing where it is not so."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
from cryptography.hazmat.primitives.asymmetric import ec

from iotscan.assess.check import Target
from iotscan.assess.datagram_lines import ask_for_cookie, get_coap, get_coap_tls, ping_coap
from iotscan.model.facts import CoapResources
from iotscan.model.subject import Subject
from iotscan.observe.network.probes import coap_tls
from iotscan.wire.tls import framing
from iotscan.wire.tls.dtls_server import flight, hello_verify_request
from iotscan.wire.tls.server import server_hello_body
from tests.observe.network.daemons import HOST, door, tool
from tests.observe.network.datagrams import answering, coap_server, free_pair
from tests.observe.network.tls_probes.servers import Credentials

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


def run_all(*lines: str) -> list[str]:
    """What each prints, all at once: each waits for more that does not come."""
    with ThreadPoolExecutor(len(lines)) as pool:
        return list(pool.map(run, lines))


def test_a_get_shows_what_it_brought(tmp_path: Path) -> None:
    with coap_server("openssl", tmp_path) as port, answering(lambda data: [data]) as echo, free_pair() as closed:
        found = run_all(
            get_coap(target(port), "/.well-known/core"),
            get_coap(target(port), "/"),
            get_coap(target(port), "/nobody"),
            get_coap(target(closed), "/time"),
            get_coap(target(echo), "/time"),
        )
    assert found == ["CoAP 2.05 Content", "CoAP 2.05 Content", "CoAP answer", "", ""]


def test_a_get_inside_tls_shows_what_it_brought(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    both = tmp_path / "both.pem"
    both.write_bytes(credentials.cert.read_bytes() + credentials.key.read_bytes())
    with coap_server("openssl", tmp_path, "-c", str(both), "-n") as port:
        heard = anyio.run(coap_tls.PROBE.ask, door(port + 1, "coaps+tcp"))
        lines = run_all(get_coap_tls(target(port + 1), "/time"), get_coap_tls(target(port + 1), "/nobody"))
    assert ["CoAP 2.05 Content" in said for said in lines] == [True, False]
    (found,) = heard.facts
    assert isinstance(found, CoapResources)
    assert (found.is_secured, found.code, found.asked, found.read) == (True, "2.05", "/time", "2.05")
