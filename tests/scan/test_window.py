"""A scan that runs past its window stops sending, and is never clean."""

from datetime import datetime, timedelta
from pathlib import Path

import anyio

from iotscan.assess.profile import load_profile
from iotscan.assess.registry import load_checks
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Pace, Scope, utc_now
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.scan.pipeline import Scan
from iotscan.scan.request import Plan, ScanRequest
from iotscan.store.audit_verify import verify
from tests.observe.network.test_dial import HERE, server
from tests.scan.test_authority import mandate

INSIDE, AFTER = datetime.fromisoformat("2026-11-10T00:00:00+00:00"), timedelta(days=60)


def test_a_scan_past_its_window_is_cut_and_incomplete(tmp_path: Path) -> None:
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        return INSIDE if asked < 6 else INSIDE + AFTER

    pace = Pace(attempts_per_second=2000, accepted_per_second=2000)
    held = mandate("127.0.0.0/8")
    profile = load_profile("default")
    now = utc_now().isoformat()
    with server(lambda c: c.sendall(b"SSH-2.0-dropbear_2022.83\r\n")) as port:
        header = Run(
            id="20261110T000000Z-000000",
            tool=Tool(version="0.1.0"),
            status="running",
            command="scan",
            started=now,
            as_of=now,
            targets=(HERE,),
            scope=Scope(include=(f"{HERE}/32",), pace=pace, mandate=held),
            scope_sha256="0" * 64,
            profile=ProfileInfo(id="default", version="1"),
        )
        plan = Plan(addresses=(HERE,), tcp=(port,), ledger=str(tmp_path / "tries"))
        request = ScanRequest(header=header, folder=tmp_path, plan=plan, checks=load_checks().checks, profile=profile)
        run = anyio.run(Scan(request, lambda event: None, clock=clock).run)
    assert run.status == "interrupted"
    assert run.verdict is not None
    assert run.verdict.exit_code == 3
    assert any("the scope's window closed" in n.text for n in run.notices)
    refused = [a for a in run.attempts if a.status is AttemptStatus.REFUSED_BY_SCOPE]
    assert refused
    assert {a.reason for a in refused} == {Reason.OUT_OF_SCOPE}
    assert verify(tmp_path, root=run.audit_root).status == "interrupted"
