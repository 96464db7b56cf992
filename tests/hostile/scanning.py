"""One whole scan in this process, and what must hold of each, whoever was scanned."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import anyio
import msgspec

from iotscan import __version__
from iotscan.cli.output import Display, console
from iotscan.cli.selection import choose_checks
from iotscan.data.credential_records import load_records
from iotscan.model.device import Device
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Grants, Pace, Scope
from iotscan.model.vocabulary import AttemptStatus, Outcome, Vantage
from iotscan.report import json as report_json
from iotscan.report import plain, terminal
from iotscan.scan.pipeline import Scan
from iotscan.scan.request import Plan, ScanRequest
from iotscan.shipped import PACKAGE
from iotscan.store.runs import new_run_id, read_run
from tests.report.hostile import is_harmless

FAST = Pace(
    attempts_per_second=2000,
    accepted_per_second=500,
    connections=60,
    connect_timeout=0.5,
    conversation_timeout=3,
    device_timeout=20,
)
BYTES = 16 * 1024 * 1024
"""No device makes us read more than this, in all conversations together."""

Claim = tuple[str, str]
"""A check, and ``pass``, ``error`` or the variant of its fail: all that is said of a device for certain."""


def scan(
    folder: Path,
    *addresses: str,
    ports: Sequence[int],
    expected: Mapping[int, str] | None = None,
    udp: Mapping[str, int] | None = None,
    default_creds: bool = False,
    pace: Pace = FAST,
) -> Run:
    """Scan loopback addresses end to end, and see that the run is sound (:func:`sound`)."""
    profile, checks = choose_checks("default", (), (), ())
    scope = Scope(include=addresses, grants=Grants(default_creds=default_creds), pace=pace, authority="test")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    header = Run(
        id=new_run_id(),
        tool=Tool(version=__version__),
        status="running",
        command="scan",
        started=now,
        as_of=now,
        targets=addresses,
        scope=scope,
        scope_sha256=hashlib.sha256(msgspec.json.encode(scope)).hexdigest(),
        profile=ProfileInfo(id=profile.id, version=profile.version, sha256=profile.sha256),
    )
    records = PACKAGE / "lab" / "credentials.yaml"
    plan = Plan(
        addresses=addresses,
        tcp=tuple(ports),
        expected=dict(expected or {}),
        udp=dict(udp or {}),
        ledger=str(folder / "tries.jsonl"),
        login_gap=0.0,
    )
    request = ScanRequest(
        header=header, folder=folder, plan=plan, checks=checks, profile=profile, records=load_records([records])
    )
    run = anyio.run(Scan(request, lambda event: None).run)
    return sound(run, folder)


def sound(run: Run, folder: Path) -> Run:
    """What holds for every run: whole, nothing of ours broke, nothing raw in it, bounded, and it reads back."""
    assert run.status == "complete"
    assert [a for a in run.attempts if a.status is AttemptStatus.BROKEN] == []
    assert [r for r in run.results if r.outcome is Outcome.ERROR] == []
    assert all(cost.bytes_received < BYTES for cost in run.costs.values()), run.costs
    kept = read_run(str(folder), folder)
    assert kept == run
    assert [text for text in texts(msgspec.to_builtins(kept)) if not is_harmless(text) or len(text) > 20_000] == []
    shown = StringIO()
    terminal.render(run, console(shown, Display(color="never", width=100)), show_passed=True)
    for page in (plain.render(run), shown.getvalue(), report_json.render(run)):
        assert is_harmless(page)
    return run


def texts(value: Any) -> Iterator[str]:
    """Every text in a run as decoded; the checks' own prose aside, which has line breaks and is ours."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(key)
            yield from texts(part) if key != "checks" else ()
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


def device_at(run: Run, address: str) -> Device:
    """The device at an address."""
    (found,) = (d for d in run.devices if address in d.addresses)
    return found


def claims(run: Run, address: str = "") -> set[Claim]:
    """What the run says for certain of a device, or of all."""
    owners = {device_at(run, address).id} if address else {d.id for d in run.devices}
    said = (r for r in run.results if r.subject.owner in owners and r.vantage is Vantage.OBSERVED)
    certain = (Outcome.PASS, Outcome.FAIL, Outcome.ERROR)
    return {(r.check, r.variant or r.outcome.value) for r in said if r.outcome in certain}


UNASKED = {"allowed-ports", "backend-dns", "mqtt-cross-tenant"}
"""Not applicable because the profile gives no list, or because only a back end is asked: that says nothing of it."""


def not_applicable(run: Run, address: str = "") -> set[str]:
    """The checks of which the run says that what they judge is not there, on a device or on all."""
    owners = {device_at(run, address).id} if address else {d.id for d in run.devices}
    said = (r for r in run.results if r.subject.owner in owners)
    return {r.check for r in said if r.outcome is Outcome.NOT_APPLICABLE} - UNASKED
