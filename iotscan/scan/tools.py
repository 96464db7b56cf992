"""What the probes of one scan share: the TLS worker, the credential records, the ledger of tries, an nmap."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.scope import TRIES_PER_ACCOUNT, Scope
from iotscan.scan.request import ScanRequest

if TYPE_CHECKING:
    from iotscan.observe.network.dial import Dialer
    from iotscan.observe.network.revocations import Revocation
    from iotscan.observe.network.workers.worker import Worker


@asynccontextmanager
async def shared_tools(
    request: ScanRequest, dialer: "Dialer", of_images: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """The tools of a scan by name, ended with the block. ``of_images`` is what images brought along."""
    from iotscan.observe.network import revocations
    from iotscan.observe.network.workers.worker import Worker
    from iotscan.scan.tenants import tenants_of
    from iotscan.store.ledger import Ledger, RehearsedLedger

    worker = Worker()
    lists = Worker(revocations.WORKER, memory=revocations.MEMORY)
    ledger = RehearsedLedger if request.plan.rehearses else Ledger
    try:
        yield {
            "tls_worker": worker,
            "trust_stores": request.trust_stores,
            "revocation": _revocation(request, dialer, lists),
            **of_images,
            "credential_records": request.records,
            "backend_credentials": tenants_of(request.plan.backends, request.credentials),
            "ledger": ledger(Path(request.plan.ledger), limit=_tries(request.header.scope)),
            "login_gap": request.plan.login_gap,
            **({"rehearse": request.rehearse or _unheard} if request.plan.rehearses else {}),
            **({"nmap": request.nmap} if request.nmap else {}),
        }
    finally:
        with anyio.CancelScope(shield=True):
            await worker.aclose()
            await lists.aclose()


def _revocation(request: ScanRequest, dialer: "Dialer", worker: "Worker") -> "Revocation":
    from iotscan.observe.network.revocation_fetch import Fetcher
    from iotscan.observe.network.revocations import Revocation
    from iotscan.observe.network.workers.trust import system_file

    stores = [path for _, path in request.trust_stores]
    is_granted = request.header.scope.grants.fetch_revocation
    return Revocation(
        files=request.revocation_files,
        stores=[*stores, system] if (system := system_file()) else stores,
        worker=worker,
        fetcher=Fetcher(dialer, request.plan.names) if is_granted else None,
    )


def _unheard(planned: PlannedLogin) -> None:
    """A dry run stays one, though nobody listens."""


def _tries(scope: Scope) -> int:
    permitted = scope.mandate.permits.attempts_per_account if scope.mandate else 0
    # A scope that permits no logins says nothing of the tries with documented pre-shared keys.
    return permitted or TRIES_PER_ACCOUNT
