"""Our engine and the SSH checks over the first servers of the fleet, as many at once as a scan asks, limits off.

``python -m bench.ssh.ours asked|judged COUNT``. The audit log is written as in a scan.
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
from iotscan.model.facts import AnyFact, SshServer
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


def judged(raw: Run, found: dict[str, tuple[AnyFact, ...]]) -> int:
    """How many results the checks of SSH come to."""
    devices = tuple(Device(id=f"dev-{a}", addresses=(a,), services=(SERVICE,)) for a in found)
    seen = tuple(
        observe(fact, Subject(device=f"dev-{a}", address=a, service=SERVICE.name), probe=PROBE.label)
        for a, facts in found.items()
        for fact in facts
    )
    run = msgspec.structs.replace(raw, devices=devices, observations=seen)
    checks = [check for check in load_checks().checks if "ssh" in check.info.tags]
    return len(judge(run, checks, load_profile("default"), as_of=datetime.now(UTC)).results)


def main() -> None:
    """Ask, judge where that is wanted, and say who did not answer in full."""
    mode, count = sys.argv[1:]
    servers = addresses(int(count))
    # A hundred servers start a process for each guest on this very machine: that may take them long.
    pace = Pace(**NO_LIMITS, conversation_timeout=60.0, device_timeout=600.0)
    scope = Scope(include=(SPACE,), pace=pace)
    now = datetime.now(UTC).isoformat()
    raw = Run(
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
    with tempfile.TemporaryDirectory() as folder:
        log = AuditLog.begin(Path(folder), raw, Caller())
        found = anyio.run(ask_all, scope, log, servers)
        log.end("complete")
    results = judged(raw, found) if mode == "judged" else 0
    cut_short = [address for address, facts in found.items() if not any(map(is_whole, facts))]
    print(f"{len(servers) - len(cut_short)} of {len(servers)} servers in full, {results} results")
    if cut_short:
        sys.exit(1)


def is_whole(fact: AnyFact) -> bool:
    """Whether nothing that was asked was left unanswered."""
    if not isinstance(fact, SshServer):
        return False
    return not fact.unread_keys and all(a.is_answered for a in (fact.host_keys, fact.groups, fact.login_methods))


if __name__ == "__main__":
    main()
