"""A product that does not exist, its documented default login, and what the engine said of a service."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec

from iotscan.data.credential_records import CredentialRecord, Pair
from iotscan.model.facts import AnyFact, DefaultLogin
from iotscan.model.secret import Secret
from iotscan.observe.network.probe import Missed
from iotscan.observe.network.probes.login import PROBE
from iotscan.store.ledger import Ledger
from tests.observe.network.daemons import PACE, door

PATIENT = msgspec.structs.replace(PACE, conversation_timeout=8.0)
USER, PASSWORD = "admin", "CANARY-acme-1234"


def record(*pairs: tuple[str, str], path: str = "/") -> CredentialRecord:
    return CredentialRecord(
        id="acme-cam",
        vendor="Acme",
        product="Cam",
        protocols=("http", "telnet", "ssh", "mqtt", "ftp", "rtsp", "redis", "amqp"),
        match={"realm": ("Acme Cam",), "banner": ("Acme",), "title": ("Acme Cam",), "model": ("Acme",)},
        pairs=tuple(Pair(user=u, password=Secret(p)) for u, p in pairs or ((USER, PASSWORD),)),
        source="Acme Cam manual",
        path=path,
    )


def tools(folder: Path, *records: CredentialRecord) -> dict[str, Any]:
    return {"credential_records": records or (record(),), "ledger": Ledger(folder / "ledger"), "login_gap": 0.0}


def notes(folder: Path) -> str:
    """What stands in the ledger."""
    path = folder / "ledger"
    return path.read_text() if path.exists() else ""


def verdict(
    folder: Path,
    port: int,
    protocol: str,
    known: Sequence[AnyFact],
    *records: CredentialRecord,
    transport: str = "tcp",
) -> DefaultLogin | Missed:
    """Ask once; nothing of what comes back or stays behind may hold the password."""
    place = door(port, protocol, transport=transport, known=known, tools=tools(folder, *records), pace=PATIENT)
    heard = anyio.run(PROBE.ask, place)
    assert PASSWORD not in repr(heard)
    assert PASSWORD not in notes(folder)
    assert len(heard.facts) + len(heard.missed) == 1
    outcome = (heard.facts or heard.missed)[0]
    assert isinstance(outcome, DefaultLogin | Missed)
    return outcome
