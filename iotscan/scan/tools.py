"""What the probes of one scan share: the TLS worker, the credential records, the ledger of tries, an nmap."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.scope import TRIES_PER_ACCOUNT, Scope
from iotscan.scan.request import ScanRequest


@asynccontextmanager
async def shared_tools(request: ScanRequest, of_images: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The tools of a scan by name, ended with the block. ``of_images`` is what images brought along."""
    from iotscan.observe.network.workers.worker import Worker
    from iotscan.store.ledger import Ledger, RehearsedLedger

    worker = Worker()
    ledger = RehearsedLedger if request.plan.rehearses else Ledger
    try:
        yield {
            "tls_worker": worker,
            "trust_stores": request.trust_stores,
            **of_images,
            "credential_records": request.records,
            "ledger": ledger(Path(request.plan.ledger), limit=_tries(request.header.scope)),
            "login_gap": request.plan.login_gap,
            **({"rehearse": request.rehearse or _unheard} if request.plan.rehearses else {}),
            **({"nmap": request.nmap} if request.nmap else {}),
        }
    finally:
        with anyio.CancelScope(shield=True):
            await worker.aclose()


def _unheard(planned: PlannedLogin) -> None:
    """A dry run stays one, though nobody listens."""


def _tries(scope: Scope) -> int:
    permitted = scope.mandate.permits.attempts_per_account if scope.mandate else 0
    # A scope that permits no logins says nothing of the tries with documented pre-shared keys.
    return permitted or TRIES_PER_ACCOUNT
