"""Whether an audit log is whole, in words: what was checked, where it breaks, and what it cannot prove."""

from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.store.audit import NAME
from iotscan.store.audit_chain import Chain, read_chain
from iotscan.store.claim import is_claimed

NO_PROOF = (
    "The chain shows every later change to whoever kept the root elsewhere. It does not prove what the operator, "
    "who could have written another log from the start, really sent."
)


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying found: ``problem`` is empty for a whole log."""

    path: str
    root: str
    lines: int
    status: str
    counts: dict[str, int]
    problem: str
    notes: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """True when nothing speaks against the log."""
        return not self.problem


def verify(folder: Path, *, root: str = "", recorded: str = "") -> Verified:
    """Check the log of a run against its own chain, and against a root that was kept.

    ``root`` is what the verifier was given from elsewhere, ``recorded`` what the run file says; empty where
    there is none. Raises BadInput for what is no log at all, and for one that a scan is writing.
    """
    path = folder / NAME
    chain = read_chain(path)
    if not chain.fault and not chain.is_closed and is_claimed(folder):
        raise BadInput(f"{path} is still being written, and whole so far: verify it when the scan has ended")
    return Verified(
        path=str(path),
        root=chain.root,
        lines=chain.lines,
        status=chain.status,
        counts=chain.counts,
        problem=_problem(path, chain, root or recorded, "the root that was given" if root else "the run file"),
        notes=_notes(chain, root, recorded),
    )


def _problem(path: Path, chain: Chain, kept: str, where: str) -> str:
    if chain.fault:
        return f"{path}{chain.fault}"
    if chain.torn:
        return f"{path}:{chain.lines + 1} is cut off: the scan was killed, or the end was removed"
    if not chain.is_closed:
        return f"{path}:{chain.lines} is the last line and closes nothing: the scan was killed, or lines were removed"
    if kept and kept != chain.root:
        if kept in chain.ends:
            line = chain.ends[kept]
            return f"{path}:{line} is where {where} ends: the {chain.lines - line} lines after it came later"
        return f"{path}:{chain.lines} has the hash {chain.root}, {where} says {kept}: the log was changed"
    return ""


def _notes(chain: Chain, root: str, recorded: str) -> tuple[str, ...]:
    notes = []
    if root and recorded and root != recorded:
        notes.append(f"the run file names another root, {recorded}")
    if not root:
        beside = "only with the run file beside it" if recorded else "with no root at all"
        notes.append(f"compared {beside}: --root HASH compares with one that was kept elsewhere")
    return (*notes, NO_PROOF)
