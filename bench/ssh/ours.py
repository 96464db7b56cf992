"""Our engine and the SSH checks over the first servers of the fleet, as many at once as a scan asks, limits off.

``python -m bench.ssh.ours COUNT``. The audit log is written as in a scan.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec

from bench.ssh.fleet import PORT, SPACE, addresses
from bench.tls.ours import NO_LIMITS
from iotscan.assess.judging import judge
from iotscan.assess.profile import load_profile
from iotscan.assess.registry import load_checks
from iotscan.model.audit import Caller
from iotscan.model.device import Device, Service
from iotscan.model.facts import AnyFact
from iotscan.model.observation import observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Pace, Scope
from iotscan.model.subject import Subject
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import Door
from iotscan.observe.network.probes.ssh import PROBE
from iotscan.scan.pipeline import DEVICES_AT_ONCE
from iotscan.store.audit import AuditLog

SERVICE = Service(transport="tcp", port=PORT, protocol="ssh")


async def ask_all(scope: Scope, log: AuditLog, servers: tuple[str, ...]) -> dict[str, tuple[AnyFact, ...]]:
    """The facts of each server."""
    dialer, at_once = Dialer(scope, log), anyio.CapacityLimiter(DEVICES_AT_ONCE)
    found: dict[str, tuple[AnyFact, ...]] = {}

    async def ask_one(address: str) -> None:
        async with at_once:
            with asking(PROBE.label):
                found[address] = (await PROBE.ask(Door(line=dialer.line(address), service=SERVICE))).facts

    async with anyio.create_task_group() as group:
        for address in servers:
            group.start_soon(ask_one, address)
    return found


def main() -> None:
    """Ask, judge, and say who did not answer in full."""
    servers = addresses(int(sys.argv[1]))
    scope = Scope(include=(SPACE,), pace=Pace(**NO_LIMITS))
    checks = [check for check in load_checks().checks if "ssh" in check.info.tags]
    now = datetime.now(UTC)
    raw = Run(
        id="bench",
        tool=Tool(version="bench"),
        status="running",
        command="scan",
        started=now.isoformat(),
        as_of=now.isoformat(),
        targets=scope.include,
        scope=scope,
        scope_sha256="",
        profile=ProfileInfo(id="default", version="1"),
    )
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog.begin(Path(folder), raw, Caller())
        found = anyio.run(ask_all, scope, log, servers)
        log.end("complete")
    devices = tuple(Device(id=f"dev-{a}", addresses=(a,), services=(SERVICE,)) for a in servers)
    seen = tuple(
        observe(fact, Subject(device=f"dev-{a}", address=a, service=SERVICE.name), probe=PROBE.label)
        for a, facts in found.items()
        for fact in facts
    )
    run = judge(
        msgspec.structs.replace(raw, devices=devices, observations=seen), checks, load_profile("default"), as_of=now
    )
    whole = [
        o
        for o in seen
        if o.fact.host_keys.is_answered and o.fact.login_methods.is_answered and o.fact.groups.is_answered
    ]  # type: ignore[union-attr]
    print(f"{len(whole)} of {len(servers)} servers in full, {len(run.results)} results")
    if len(whole) < len(servers):
        sys.exit(1)


if __name__ == "__main__":
    main()
