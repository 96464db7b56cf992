"""How much of a run a report tells: applied once, before any writer sees the run."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_args

import msgspec

from iotscan.model.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from iotscan.model.comparison import Comparison
    from iotscan.model.pseudonyms import Pseudonyms
    from iotscan.model.run import Redaction, Run

T = TypeVar("T")


def read_level(word: str) -> "Redaction":
    """A ``--redact`` value. Raises BadInput."""
    from iotscan.model.run import Redaction

    levels: tuple[Redaction, ...] = get_args(Redaction)
    for level in levels:
        if word == level:
            return level
    near = get_close_matches(word.lower()[:40], levels, n=1)
    hint = f": did you mean '{near[0]}'?" if near else ""
    raise BadInput(f"--redact {word[:40]!r} is no level{hint} Known: {', '.join(levels)}")


def redact(run: "Run", level: "Redaction", output: Path) -> "Run":
    """``run`` as a report at this level may tell it.

    ``standard`` hides secrets (again: a run file may come from elsewhere), ``strict`` also puts pseudonyms in the
    place of private data and keeps what they stand for in the run's folder below ``output``, ``off`` shows the run
    as it is, marked as not fit to be passed on. Raises BadInput when the map cannot be read or written.
    """
    from iotscan.model.redaction import without_secrets

    told = run if level == "off" else without_secrets(run)
    if level == "strict":
        told = _under_pseudonyms(told, output)
    return msgspec.structs.replace(told, redaction=level)


def redact_told(told: "Comparison", runs: "tuple[Run, Run]", level: "Redaction", output: Path) -> "Comparison":
    """A comparison of two runs as a report on the second may tell it, under the pseudonyms of that one."""
    from iotscan.model.pseudonyms import pseudonymise_told
    from iotscan.model.redaction import without_secrets

    if level == "off":
        return told
    told = without_secrets(told)
    return (
        _kept_names(runs[1].id, output, lambda names: pseudonymise_told(told, runs, names))
        if level == "strict"
        else told
    )


def _under_pseudonyms(run: "Run", output: Path) -> "Run":
    from iotscan.model.pseudonyms import pseudonymise

    return _kept_names(run.id, output, lambda names: pseudonymise(run, names))


def _kept_names(run_id: str, output: Path, tell: "Callable[[Pseudonyms], T]") -> "T":
    """What is told under the pseudonyms of a run, which are kept in its folder. Raises BadInput."""
    from iotscan.store.redaction_map import read_pseudonyms, write_pseudonyms

    # A run file from elsewhere names the folder: it must not lead out of the output folder.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}", run_id):
        raise BadInput(
            "the run's id is no name for a folder: --redact strict cannot keep its map; use the run's own file"
        )
    folder = output / run_id
    names = read_pseudonyms(folder)
    told = tell(names)
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made ({error.strerror}): choose another --output-dir") from error
    write_pseudonyms(folder, names)
    return told
