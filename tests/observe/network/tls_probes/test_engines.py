"""Two engines on one handshake: silent where they agree, and both answers where they do not."""

from typing import Any

import msgspec
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import Suite, SuiteList, TlsEndpoint
from iotscan.observe.network.engines import compare
from iotscan.observe.network.handshakes import Shaken
from iotscan.wire.tls.flight import read_flight
from iotscan.wire.tls.server import alert, certificate, server_hello, server_hello_done

LEAF = "AAAA"
SAID: dict[str, Any] = {
    "is_finished": True,
    "suite": "TLS_RSA_WITH_AES_128_CBC_SHA",
    "certificates": [LEAF],
    "asks_certificate": False,
    "is_stapled": False,
    "resumed": None,
}
FLIGHT = server_hello(version="TLSv1.2", suite=0x002F) + certificate([bytes(3)]) + server_hello_done()
NO, YES = Answer.of(False), Answer.of(True)
ENDPOINT = TlsEndpoint(
    versions={"TLSv1.2": YES, "TLSv1.3": NO},
    forward_secrecy=NO,
    without_forward_secrecy=YES,
    prefers_forward_secrecy=NO,
    plain_psk=NO,
    psk_forward_secrecy=NO,
    broken_ciphers=NO,
    weak_ciphers=NO,
    aead=NO,
    secure_renegotiation=YES,
    extended_master_secret=YES,
    compression=NO,
)


def shaken(flight: bytes = FLIGHT, version: str = "TLSv1.2", **said: Any) -> Shaken:
    return Shaken(version=version, said=SAID | said, flight=read_flight(flight))


def test_what_both_read_alike_is_no_disagreement() -> None:
    disagreements, compared = compare([shaken()], ENDPOINT)
    assert disagreements == ()
    assert {"version", "suite", "leaf certificate", "client certificate asked", "staple"} <= set(compared)


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (shaken(suite="TLS_RSA_WITH_AES_256_CBC_SHA"), "sslyze says TLS_RSA_WITH_AES_256_CBC_SHA"),
        (shaken(certificates=["BBBB"]), "leaf certificate in TLSv1.2: our own hellos say one"),
        (shaken(asks_certificate=True), "client certificate asked in TLSv1.2: our own hellos say no"),
        (shaken(is_stapled=True), "staple in TLSv1.2: our own hellos say no, sslyze says yes"),
        (shaken(alert(2, 40)), "handshake in TLSv1.2: our own hellos say refused, sslyze says finished"),
    ],
    ids=["suite", "leaf", "client certificate", "staple", "refused"],
)
def test_two_readings_of_the_same_bytes_are_told(one: Shaken, says: str) -> None:
    disagreements, _ = compare([one], None)
    assert len(disagreements) == 1
    assert says in disagreements[0]


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        (msgspec.structs.replace(ENDPOINT, versions={"TLSv1.2": NO}), "TLSv1.2 accepted"),
        (msgspec.structs.replace(ENDPOINT, without_forward_secrecy=NO), "no forward secrecy accepted"),
        (msgspec.structs.replace(ENDPOINT, cbc=NO), "CBC accepted"),
        (
            msgspec.structs.replace(
                ENDPOINT,
                suite_lists=(
                    SuiteList(
                        version="TLSv1.2",
                        suites=(Suite(version="TLSv1.2", code=0x0035, name="TLS_RSA_WITH_AES_256_CBC_SHA"),),
                        is_complete=True,
                    ),
                ),
            ),
            "TLS_RSA_WITH_AES_128_CBC_SHA accepted in TLSv1.2",
        ),
    ],
    ids=["version", "group", "CBC", "list"],
)
def test_what_our_hellos_heard_refused_and_sslyze_was_given_is_told(endpoint: TlsEndpoint, says: str) -> None:
    (disagreement,) = compare([shaken()], endpoint)[0]
    assert disagreement.startswith(says)
    assert disagreement.endswith("our own hellos say no, sslyze says yes")


def test_a_handshake_that_was_not_finished_contradicts_nothing() -> None:
    assert compare([shaken(is_finished=False), Shaken(version="TLSv1.3")], ENDPOINT)[0] == ()
