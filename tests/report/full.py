"""A run in which every text that a page may show is there, and the same run with every text made another."""

import enum
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from iotscan.model.result import CheckInfo
from iotscan.model.run import BaselineInfo, Run
from iotscan.model.vocabulary import Element
from iotscan.model.waiver import AttestationUse, WaiverUse

from .example import example_run, image_run

_KEPT = frozenset(Element)
_PROSE = ("looks_at", "matters", "fix", "references")


def full_run() -> Run:
    """The example with an image beside its devices, waivers of every state, attestations, a baseline and grants."""
    run, image = example_run(), image_run()
    used = WaiverUse(
        id="W-2026-014", check="tls-versions", target="device gw-edge", decision="accepted", reason="old clients",
        owner="j.doe", expires="2027-02-20", state="applied", findings=("a",), notes=("it expires soon",),
        approved_by="m.muster", ticket="SEC-4312",
    )  # fmt: skip
    stated = AttestationUse(
        id="A-1", check="key-custody", target="all", holds=True, by="j.doe", reference="DOC-7", expires="2027-01-01",
        state="applied",
    )  # fmt: skip
    results = [*run.results, *image.results]
    marked = tuple(
        replace(r, baseline="new" if n % 3 else "known") if r.is_finding else r for n, r in enumerate(results)
    )
    new = sum(r.baseline == "new" for r in marked)
    verdict = run.verdict
    assert verdict is not None
    return replace(
        run,
        images=image.images,
        results=marked,
        grades=replace(run.grades, images=image.grades.images),
        verdict=replace(verdict, warnings=("a warning",), warn_on="low", min_grade="C", min_coverage=0.8),
        waivers=(used, replace(used, id="W-1", state="expired"), replace(used, id="W-2", state="not_asked")),
        attestations=(stated, replace(stated, id="A-2", holds=False, state="expired", notes=("a note",))),
        baseline=BaselineInfo(run="01JC", finished="2026-11-01T08:00:00Z", new=new, known=12 - new, fixed=1),
        scope=replace(
            run.scope,
            exclude=("192.0.2.66/32",),
            grants=replace(run.scope.grants, default_creds=True, backends=("cloud.example",)),
        ),
        profile=replace(run.profile, sha256="c" * 64),
        redaction="off",
        audit_root="d" * 64,
    )


def retold(value: Any, say: Callable[[str], str], hint: Any = str, *, prose: bool = False) -> Any:
    """``value`` with ``say`` over every text that is not empty and not of a closed list; ids stay equal to each other.

    Observations are left out, which no page shows; the prose of checks, which no device writes, unless ``prose``.
    """
    if isinstance(value, enum.Enum) or typing.get_origin(hint) is typing.Literal:
        return value
    if isinstance(value, str):
        return say(value) if value and value not in _KEPT else value
    if isinstance(value, msgspec.Struct):
        hints = typing.get_type_hints(type(value))
        left = {"observations", *(() if prose or not isinstance(value, CheckInfo) else _PROSE)}
        fields = {f: getattr(value, f) for f in value.__struct_fields__ if f not in left}
        return replace(value, **{f: retold(v, say, hints[f], prose=prose) for f, v in fields.items()})
    if isinstance(value, tuple):
        return tuple(retold(v, say, _inner(hint, 0), prose=prose) for v in value)
    if isinstance(value, Mapping):
        return {retold(k, say): retold(v, say, _inner(hint, 1), prose=prose) for k, v in value.items()}
    return value


def _inner(hint: Any, place: int) -> Any:
    given = typing.get_args(hint)
    return given[place] if len(given) > place else str
