"""What findings about certificates tell people to paste shows them, at servers of every kind of key and fault."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio

from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from iotscan.observe.network.workers.worker import Worker
from tests.pki_lab.judging import Seen, door, read
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import scenes
from tests.pki_lab.serving import Shown, nginx

ODD_KEYS = ("p-192", "p-224", "rsa-512")
"""Servers that OpenSSL's client does not meet unless it is told how: all of their findings are shown."""


def test_every_kind_of_finding_is_shown(pki: Pki, tmp_path: Path) -> None:
    leaves = [name for name, scene in scenes().items() if not scene.status and name != "dsa"]
    # nginx has no prime for DSA. Those with odd keys come first, so that theirs are the findings that are shown.
    shown = {name: Shown(leaf=pki.leaf(name), version="TLSv1.2 TLSv1.3") for name in sorted(leaves, key=_is_usual)}
    with nginx(shown, tmp_path) as ports:
        told = list(_told(_seen(pki, ports), pki))
        failed = [f"{name} {r.check}/{r.variant}: {r.reproduce}" for name, r in told if not _shows(r)]
    assert not failed, "\n".join(failed)
    assert len({r.check for _, r in told}) > 7


def _is_usual(name: str) -> bool:
    return name not in ODD_KEYS


def _seen(pki: Pki, ports: Mapping[str, int]) -> dict[str, Seen]:
    async def go() -> dict[str, Seen]:
        async with Worker() as worker:
            return {
                name: await read(door(port, worker, [("lab", pki.store)]), pki.leaf(name).ders)
                for name, port in ports.items()
            }

    return anyio.run(go)


def _told(seen: Mapping[str, Seen], pki: Pki) -> Iterator[tuple[str, Result]]:
    kinds = set()
    for name, one in seen.items():
        for result in one.results("constrained", pki.now) + one.results("gateway", pki.now):
            place = name if name in ODD_KEYS else ""
            kind = (place, result.check, result.variant)
            if result.outcome is Outcome.FAIL and kind not in kinds:
                kinds.add(kind)
                yield name, result


def _shows(result: Result) -> bool:
    command = ["bash", "-c", result.reproduce]
    said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    return bool(result.shows) and result.shows in said.stdout
