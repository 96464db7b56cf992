"""A TLS server that was interviewed, and asked later whether it is still the same: by real servers, changed and not."""

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import TlsEndpoint
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.hellos import Ask, Said, over_stream
from iotscan.observe.network.probes.tls.still import Still, is_still
from iotscan.wire.tls.hello import Offer

from .servers import Credentials, door, openssl
from .test_interview_of_real_servers import fact

MOST = 5
OLD = ("-cipher", "ALL:@SECLEVEL=0")
AS_IT_WAS = (*OLD, "-no_tls1_3")


class Counting:
    """Hellos to a port, counted."""

    def __init__(self, port: int) -> None:
        self._ask: Ask = over_stream(door(port))
        self.hellos = 0

    async def __call__(self, offer: Offer) -> Said:
        self.hellos += 1
        return await self._ask(offer)


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("key"), rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="module")
def then(credentials: Credentials) -> TlsEndpoint:
    """What a server took that has TLS 1.0 to 1.2 and every suite of OpenSSL."""
    with openssl(*AS_IT_WAS, *credentials.arguments) as port:
        return fact(port)


def now(port: int, then: TlsEndpoint, leaf: str = "") -> tuple[Still, int]:
    asking = Counting(port)
    return anyio.run(lambda: is_still(asking, then, leaf=leaf)), asking.hellos


@contextlib.contextmanager
def changed(credentials: Credentials, *words: str) -> Iterator[int]:
    with openssl(*words, *credentials.arguments) as port:
        yield port


def test_an_unchanged_server_is_the_same_in_few_hellos(credentials: Credentials, then: TlsEndpoint) -> None:
    leaf = sha256(credentials.der).hexdigest()
    with changed(credentials, *AS_IT_WAS) as port:
        still, hellos = now(port, then, leaf)
    assert still == Still(is_same=True, shows_leaf=True)
    assert hellos <= MOST < then.hellos


@pytest.mark.parametrize(
    "words",
    [
        pytest.param((*AS_IT_WAS, "-no_tls1"), id="the oldest version is gone"),
        pytest.param(("-cipher", "ECDHE+AESGCM", "-no_tls1_3"), id="the worst suite is gone"),
        pytest.param(OLD, id="a newer version has come"),
        pytest.param((*AS_IT_WAS, "-no_tls1_2"), id="its best version is gone"),
    ],
)
def test_what_was_mended_shows(credentials: Credentials, then: TlsEndpoint, words: tuple[str, ...]) -> None:
    with changed(credentials, *words) as port:
        assert not now(port, then)[0].is_same


def test_an_old_version_that_has_come_shows(credentials: Credentials) -> None:
    with changed(credentials, "-tls1_2") as port:
        modern = fact(port)
        assert now(port, modern)[0].is_same
    with changed(credentials, *AS_IT_WAS) as port:
        assert not now(port, modern)[0].is_same


def test_a_weak_suite_that_has_come_shows(credentials: Credentials) -> None:
    """The server still prefers what it preferred."""
    with changed(credentials, "-tls1_2", "-cipher", "ECDHE+AESGCM", "-serverpref") as port:
        modern = fact(port)
        still, hellos = now(port, modern)
        assert still.is_same
        assert hellos < MOST
    with changed(credentials, "-tls1_2", "-cipher", "ECDHE+AESGCM:AES128-SHA", "-serverpref") as port:
        assert not now(port, modern)[0].is_same


def test_another_certificate_shows(then: TlsEndpoint, credentials: Credentials, tmp_path: Path) -> None:
    other = Credentials(tmp_path, rsa.generate_private_key(65537, 2048))
    with changed(other, *AS_IT_WAS) as port:
        assert not now(port, then, sha256(credentials.der).hexdigest())[0].is_same


def test_a_certificate_behind_tls_13_is_not_seen(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    with changed(credentials, "-tls1_3") as port:
        still, _ = now(port, fact(port), sha256(credentials.der).hexdigest())
    assert still == Still(is_same=True, shows_leaf=False)


def test_what_was_left_open_then_is_asked_anew_without_a_hello(then: TlsEndpoint) -> None:
    unknown = Answer[bool].missing(Reason.TIMEOUT, "no answer")
    open_then = msgspec.structs.replace(then, versions={**then.versions, "TLSv1.3": unknown})
    odd = msgspec.structs.replace(then, intolerances=("long hellos",))

    async def ask(_: Offer) -> Said:
        raise AssertionError("nothing is to be asked")

    for unsure in (open_then, odd):
        assert not anyio.run(is_still, ask, unsure).is_same


def test_a_port_that_is_gone_is_another(then: TlsEndpoint) -> None:
    async def ask(_: Offer) -> Said:
        return Said(stop="silent")

    assert not anyio.run(lambda: is_still(ask, then)).is_same
