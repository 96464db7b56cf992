"""A waiver from the words of a command line, or from a finding of a run."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from iotscan.data.typed_yaml import nearest, shown
from iotscan.data.waiver_file import Target, WaiverFile
from iotscan.model.device import Device
from iotscan.model.errors import BadInput
from iotscan.model.identity import UNIQUE_CLAIMS, is_lasting_mac
from iotscan.model.result import Result
from iotscan.model.run import Run

LEAST = 6
"""Digits of a fingerprint that may stand for the whole."""
_KEYS = Target.__struct_fields__
_NEXT = re.compile(rf",\s*(?=(?:{'|'.join(_KEYS)})[=:])")
_PAIR = re.compile(r"([A-Za-z_]+)[=:](.+)", re.DOTALL)


def read_target(words: Iterable[str]) -> dict[str, str]:
    """``asset=cam-1``, ``service:tcp/443``, several in one word with commas. Raises BadInput."""
    said: dict[str, str] = {}
    for piece in (p for word in words for p in _NEXT.split(word)):
        pair = _PAIR.fullmatch(piece.strip())
        if pair is None:
            raise BadInput(f"--target '{shown(piece)}' is no target: write it like asset=cam-1 or path=etc/ssh/*")
        key, value = pair.groups()
        if key not in _KEYS:
            raise BadInput(f"--target {shown(key)} is unknown{nearest(key, _KEYS)}")
        if key in said:
            raise BadInput(f"--target {key} is given twice: write two waivers")
        said[key] = value.strip()
    return said


def read_end(word: str, today: date) -> date:
    """A date, or a number of days from ``today``: ``90d``. Raises BadInput."""
    return today + timedelta(days=read_days("--expires", word)) if word.endswith("d") else read_day("--expires", word)


def read_days(option: str, word: str) -> int:
    """``90d``. Raises BadInput."""
    if not re.fullmatch(r"[0-9]{1,4}d", word):
        raise BadInput(f"{option} '{shown(word)}' is no number of days: write it like 90d")
    return int(word[:-1])


def read_day(option: str, word: str) -> date:
    """``2026-12-31``. Raises BadInput."""
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise BadInput(f"{option} '{shown(word)}' is no date: write it like 2026-12-31") from None


def next_id(file: WaiverFile, today: date) -> str:
    """``W-2026-015``: one more than the highest of this year."""
    pattern = re.compile(rf"W-{today.year}-([0-9]+)")
    taken = (pattern.fullmatch(w.id) for w in file.waivers)
    return f"W-{today.year}-{max((int(t[1]) for t in taken if t), default=0) + 1:03}"


def from_finding(run: Run, mark: str) -> dict[str, Any]:
    """Check, target, fingerprint and maximum severity of a finding. Raises BadInput."""
    found = _finding(run, mark)
    return {
        "check": found.check,
        "target": _place(run, found),
        "fingerprint": found.fingerprint,
        "max_severity": found.severity.value,
    }


def _finding(run: Run, mark: str) -> Result:
    findings = [r for r in run.results if r.is_finding]
    if len(mark) < LEAST:
        raise BadInput(f"--finding '{shown(mark)}' is too short: give at least {LEAST} digits of the fingerprint")
    found = [r for r in findings if r.fingerprint.startswith(mark.lower())]
    if not found:
        raise BadInput(f"run {run.id} has no finding {shown(mark)}: iotscan report {run.id} lists them")
    if len(found) > 1:
        raise BadInput(f"--finding {shown(mark)} fits {len(found)} findings: give more digits")
    return found[0]


def _place(run: Run, found: Result) -> dict[str, str]:
    subject = found.subject
    if subject.image:
        image = next((i for i in run.images if i.id == subject.image), None)
        place = {"image": (image.name if image else "") or subject.image, "path": _literal(subject.path)}
    else:
        device = run.device(subject.device)
        place = {"asset": _lasting_name(device) if device else subject.device, "service": subject.service}
    return {key: value for key, value in place.items() if value}


def _lasting_name(device: Device) -> str:
    if is_lasting_mac(device.mac):
        return device.mac
    return next((device.claimed(what) for what in UNIQUE_CLAIMS if device.claimed(what)), device.id)


def _literal(path: str) -> str:
    """A path as a glob that fits nothing else."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def given(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs that say something."""
    return {name: value for name, value in pairs if value}
