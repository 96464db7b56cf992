"""Which proved changes belong to which finding. Pure: by check, way to fail, and the program that is at fault.

The program has to be known: by what our own rules recognised at that very service, or by the configuration file of an
image that the finding names. Where it is not, nothing is proposed; another program's opinion does not count.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from iotscan.model.remedy import Program, Remedy
from iotscan.model.result import Result
from iotscan.model.run import Run


def propose(run: Run, programs: Sequence[Program]) -> dict[str, tuple[Remedy, ...]]:
    """Fingerprint of a finding -> the changes that were proved to repair it; findings without one are not in it."""
    found: dict[str, tuple[Remedy, ...]] = {}
    for result in run.results:
        if result.is_finding and (remedies := tuple(_remedies(run, result, programs))):
            found[result.fingerprint] = remedies
    return found


def proved(programs: Sequence[Program], check: str, program: str = "") -> tuple[Remedy, ...]:
    """All changes that repair a check, of every program or of one."""
    return tuple(r for p in programs if program in ("", p.name) for r in p.remedies if r.check == check)


def _remedies(run: Run, result: Result, programs: Sequence[Program]) -> Iterator[Remedy]:
    for program in programs:
        if _is_at_fault(run, result, program):
            yield from (r for r in program.remedies if r.repairs(result.check, result.variant))


def _is_at_fault(run: Run, result: Result, program: Program) -> bool:
    subject = result.subject
    if subject.image:
        return any(fnmatchcase(f"/{subject.path.lstrip('/')}", pattern) for pattern in program.paths)
    device = run.device(subject.device)
    if device is None or not subject.service:
        return False
    at_service = (s for s in device.identity.software if s.service == subject.service and not s.by)
    return any(s.product in program.products for s in at_service)
