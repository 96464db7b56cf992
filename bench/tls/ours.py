"""Our engine over the first servers of the fleet, as a scan uses it, limits off.

``python -m bench.tls.ours verdicts|complete COUNT [HELLOS]``. The audit log is written as in a scan. With HELLOS the
hellos are kept in that file, for :mod:`bench.tls.floor`.
"""

import base64
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path

import anyio

from bench.tls.fleet import PORT, SPACE, addresses
from iotscan.model.audit import Caller
from iotscan.model.device import Service
from iotscan.model.facts import AnyFact
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import Door, Probe
from iotscan.observe.network.probes import certificate, tls
from iotscan.scan.pipeline import DEVICES_AT_ONCE
from iotscan.store.audit import AuditLog

_asked: ContextVar[str] = ContextVar("asked")


_MOST = 1_000_000
NO_LIMITS = {
    "attempts_per_second": _MOST,
    "accepted_per_second": _MOST,
    "connections": _MOST,
    "tls_connections": _MOST,
}
"""A pace that never makes us wait."""


async def ask_all(scope: Scope, log: AuditLog, servers: tuple[str, ...]) -> dict[str, tuple[AnyFact, ...]]:
    """The facts of each server, as many servers at once as a scan asks."""
    dialer, at_once = Dialer(scope, log), anyio.CapacityLimiter(DEVICES_AT_ONCE)
    probes = (tls.PROBE, certificate.PROBE) if scope.pace.complete_suites else (tls.PROBE,)
    found: dict[str, tuple[AnyFact, ...]] = {}

    async def ask_one(address: str) -> None:
        _asked.set(address)
        async with at_once:
            found[address] = await _ask(dialer, address, probes)

    async with anyio.create_task_group() as group:
        for address in servers:
            group.start_soon(ask_one, address)
    return found


async def _ask(dialer: Dialer, address: str, probes: tuple[Probe, ...]) -> tuple[AnyFact, ...]:
    service = Service(transport="tcp", port=PORT, protocol="https")
    known: tuple[AnyFact, ...] = ()
    for probe in probes:
        door = Door(line=dialer.line(address), service=service, known=tuple((service.name, fact) for fact in known))
        with asking(probe.label):
            known += (await probe.ask(door)).facts
    return known


def _run(scope: Scope) -> Run:
    now = datetime.now(UTC).isoformat()
    return Run(
        id="bench",
        tool=Tool(version="bench"),
        status="running",
        command="scan",
        started=now,
        as_of=now,
        targets=scope.include,
        scope=scope,
        scope_sha256="",
        profile=ProfileInfo(id="default", version="1"),
    )


@contextmanager
def _kept(path: str) -> Iterator[None]:
    """Keep what is sent within the block."""
    sent: dict[str, list[int | str]] = {}
    send = Connection.send

    async def note(self: Connection, data: bytes) -> None:
        sent.setdefault(_asked.get(), [PORT]).append(base64.b64encode(data).decode())
        await send(self, data)

    Connection.send = note  # type: ignore[method-assign]
    try:
        yield
    finally:
        Connection.send = send  # type: ignore[method-assign]
        Path(path).write_text(json.dumps(sent))


def main() -> None:
    """Ask, and say how many answered."""
    mode, count, *keep = sys.argv[1:]
    scope = Scope(include=(SPACE,), pace=Pace(complete_suites=mode == "complete", **NO_LIMITS))
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog.begin(Path(folder), _run(scope), Caller())
        if keep:
            with _kept(keep[0]):
                found = anyio.run(ask_all, scope, log, addresses(int(count)))
        else:
            found = anyio.run(ask_all, scope, log, addresses(int(count)))
        log.end("complete")
    silent = [address for address, facts in found.items() if not facts]
    if silent:
        sys.exit(f"no answer from {', '.join(silent)}")


if __name__ == "__main__":
    main()
