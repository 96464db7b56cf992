"""Our own verdicts, by the checks."""

from collections.abc import Mapping

import anyio

from iotscan.model.facts import CertificateChain
from iotscan.model.result import Result
from iotscan.model.vocabulary import Outcome
from tests.pki_lab.judging import Seen, read_all, status
from tests.pki_lab.peers.cases import REFUSED, TRUSTED, Case, Verdicts, yes
from tests.pki_lab.pki import Pki

_OUT_OF_DATE = {"certificate-validity/expired", "certificate-validity/not-yet-valid"}


def ask_all(pki: Pki, cases: Mapping[str, Case]) -> dict[str, Verdicts]:
    """All of them, by one worker."""
    seen = anyio.run(read_all, pki, {name: case.scene for name, case in cases.items()})
    return verdicts(pki, cases, seen)


def verdicts(pki: Pki, cases: Mapping[str, Case], seen: Mapping[str, Seen]) -> dict[str, Verdicts]:
    """What follows from what was read."""
    return {name: _verdicts(seen[name], case, pki) for name, case in cases.items()}


def _verdicts(seen: Seen, case: Case, pki: Pki) -> Verdicts:
    return {"status": status(seen.results("gateway", pki.now))} if case.is_about_status else _of_chain(seen, pki)


def _of_chain(seen: Seen, pki: Pki) -> Verdicts:
    (fact,) = (f for f in seen.facts if isinstance(f, CertificateChain))
    results = seen.results("gateway", pki.now)
    failed = {f"{r.check}/{r.variant}" for r in results if r.outcome is Outcome.FAIL}
    is_refused = bool(failed & _OUT_OF_DATE) or any(f.startswith("certificate-trust/") for f in failed)
    assert fact.leaf.extensions is not None
    return {
        "path": REFUSED if is_refused else TRUSTED,
        "name": yes(_is_good(results, "certificate-name")),
        "order": yes(not failed & {f"certificate-chain-order/{v}" for v in ("disordered", "unrelated", "repeated")}),
        "sha1": yes(not _is_good(results, "certificate-signature-hash")),
        "staple": yes(fact.leaf.must_staple),
        "scts": str(fact.leaf.extensions.embedded_scts),
    }


def _is_good(results: tuple[Result, ...], check: str) -> bool:
    (outcome,) = {r.outcome for r in results if r.check == check}
    return outcome is Outcome.PASS
