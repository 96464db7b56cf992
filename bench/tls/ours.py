"""Our engine over the first servers of the fleet, as a scan uses it, limits off.

``python -m bench.tls.ours secrecy|verdicts|suites COUNT [HELLOS]``: versions and forward secrecy alone, all that a scan
asks, and versions with every suite, preference and leaf certificate. The audit log is written as in a scan. With HELLOS
the hellos are kept in that file, for :mod:`bench.tls.floor`.
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
import msgspec

from bench.tls.fleet import PORT, SPACE, addresses
from iotscan.model.audit import Caller
from iotscan.model.device import Service
from iotscan.model.facts import VERSIONS, AnyFact
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Pace, Scope
from iotscan.observe.heard import Heard
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.hellos import over_stream
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import Door, Probe
from iotscan.observe.network.probes import tls
from iotscan.observe.network.probes.tls import openings, questions
from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.complete import suite_lists
from iotscan.observe.network.probes.tls.conclusions import conclude
from iotscan.observe.network.probes.tls.doubts import confirm, contradictions
from iotscan.observe.network.probes.tls.exchanges import certificates
from iotscan.observe.network.probes.tls.kinds import EPHEMERAL, STATIC
from iotscan.observe.network.probes.tls.transcript import is_13
from iotscan.scan.pipeline import DEVICES_AT_ONCE
from iotscan.store.audit import AuditLog
from iotscan.wire.certificates import read_certificate

_asked: ContextVar[str] = ContextVar("asked")


_MOST = 1_000_000
NO_LIMITS = {
    "attempts_per_second": _MOST,
    "accepted_per_second": _MOST,
    "connections": _MOST,
    "tls_connections": _MOST,
}
"""A pace that never makes us wait."""


async def _ask_secrecy(door: Door) -> Heard:
    """The interview's questions to versions and forward secrecy, confirmed as it does."""
    one = Asking(over_stream(door), versions=VERSIONS, ceiling=door.line.pace.tls_connections)
    await openings.ask_versions(one)
    for version in sorted(one.said.accepted, key=is_13):
        await questions.ask_kinds(one, version, (EPHEMERAL, STATIC))
    await openings.ask_sslv2(one)
    await confirm(one)
    return Heard(facts=(conclude(one, lists=(), contradictions=contradictions(one)),) if one.said.accepted else ())


async def _ask_suites(door: Door) -> Heard:
    """Every suite of every version, whose order counts, and the certificate that came with the first flight."""
    one = Asking(over_stream(door), versions=VERSIONS, ceiling=door.line.pace.tls_connections, is_complete=True)
    await openings.ask_versions(one)
    lists = await suite_lists(one)
    await openings.ask_sslv2(one)
    await confirm(one)
    if not certificates(one.said):
        return Heard()
    read_certificate(certificates(one.said)[0])
    return Heard(facts=(conclude(one, lists=lists, contradictions=contradictions(one)),))


PROBES = {
    "secrecy": msgspec.structs.replace(tls.PROBE, ask=_ask_secrecy),
    "verdicts": tls.PROBE,
    "suites": msgspec.structs.replace(tls.PROBE, ask=_ask_suites),
}


async def ask_all(
    scope: Scope, log: AuditLog, servers: tuple[str, ...], probe: Probe
) -> dict[str, tuple[AnyFact, ...]]:
    """The facts of each server, as many servers at once as a scan asks."""
    dialer, at_once = Dialer(scope, log), anyio.CapacityLimiter(DEVICES_AT_ONCE)
    found: dict[str, tuple[AnyFact, ...]] = {}

    async def ask_one(address: str) -> None:
        _asked.set(address)
        async with at_once:
            found[address] = await _ask(dialer, address, probe)

    async with anyio.create_task_group() as group:
        for address in servers:
            group.start_soon(ask_one, address)
    return found


async def _ask(dialer: Dialer, address: str, probe: Probe) -> tuple[AnyFact, ...]:
    door = Door(line=dialer.line(address), service=Service(transport="tcp", port=PORT, protocol="https"))
    with asking(probe.label):
        return (await probe.ask(door)).facts


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

    # Every probe sends by this method: so nothing of the program has to know of being listened to.
    Connection.send = note  # type: ignore[method-assign]  # put back below
    try:
        yield
    finally:
        Connection.send = send  # type: ignore[method-assign]  # as it was
        Path(path).write_text(json.dumps(sent))


def main() -> None:
    """Ask, and say how many answered."""
    mode, count, *keep = sys.argv[1:]
    scope = Scope(include=(SPACE,), pace=Pace(**NO_LIMITS))
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog.begin(Path(folder), _run(scope), Caller())
        if keep:
            with _kept(keep[0]):
                found = anyio.run(ask_all, scope, log, addresses(int(count)), PROBES[mode])
        else:
            found = anyio.run(ask_all, scope, log, addresses(int(count)), PROBES[mode])
        log.end("complete")
    silent = [address for address, facts in found.items() if not facts]
    if silent:
        sys.exit(f"no answer from {', '.join(silent)}")


if __name__ == "__main__":
    main()
