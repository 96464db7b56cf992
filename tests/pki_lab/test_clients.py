"""Servers of the lab that want to know their clients: what the certificate probe says of each."""

from pathlib import Path

import anyio
import msgspec

from iotscan.model.facts import ClientAuthentication
from iotscan.observe.network.workers.worker import Worker
from tests.pki_lab.judging import ask, door
from tests.pki_lab.pki import Pki
from tests.pki_lab.serving import Shown, mosquitto, nginx

ROOT = "CN=Lab root,O=Lab"


class Told(msgspec.Struct, frozen=True):
    """Whether a certificate is asked for, whether TLS ends without one, and whose are taken."""

    requested: bool | None
    required: bool | None
    authorities: tuple[str, ...]


ANYBODY = Told(False, False, ())
ASKED = Told(True, False, (ROOT,))
NEEDED_OF_NOBODY_NAMED = Told(True, True, ())


def test_nginx_finishes_every_handshake(pki: Pki, tmp_path: Path) -> None:
    """Who has no certificate is turned away on a page: TLS alone cannot tell required from optional."""
    good = Shown(leaf=pki.leaf("good"))
    wanted = msgspec.structs.replace(good, clients=pki.leaf("good").root)
    shown = {"none": good, "optional": wanted, "required": msgspec.structs.replace(wanted, requires=True)}
    with nginx(shown, tmp_path) as ports:
        assert _told(pki, ports) == {"none": ANYBODY, "optional": ASKED, "required": ASKED}


def test_mosquitto_ends_the_handshake(pki: Pki, tmp_path: Path) -> None:
    """It names no authorities, as OpenSSL sends none unless a server sets them."""
    good = Shown(leaf=pki.leaf("good"))
    shown = {"none": good, "required": msgspec.structs.replace(good, clients=pki.leaf("good").root, requires=True)}
    with mosquitto(shown, tmp_path) as ports:
        assert _told(pki, ports) == {"none": ANYBODY, "required": NEEDED_OF_NOBODY_NAMED}


def _told(pki: Pki, ports: dict[str, int]) -> dict[str, Told]:
    async def go() -> dict[str, Told]:
        async with Worker() as worker:
            return {name: await _one(pki, port, worker) for name, port in ports.items()}

    return anyio.run(go)


async def _one(pki: Pki, port: int, worker: Worker) -> Told:
    seen = await ask(door(port, worker, [("lab", pki.store)]))
    (fact,) = (f for f in seen.facts if isinstance(f, ClientAuthentication))
    authorities = fact.request.authorities if fact.request else ()
    return Told(fact.requested.known, fact.required.known, authorities)
