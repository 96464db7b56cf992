"""The gate's options: read and checked before anything is sent."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from iotscan.assess.gate import GateSettings, Threshold
from iotscan.assess.terms import Terms
from iotscan.cli.waiving import clock, find_waivers, read_file
from iotscan.data.known_keys import read_known_keys
from iotscan.data.typed_yaml import nearest, shown
from iotscan.data.waiver_file import WaiverFile
from iotscan.model.errors import BadInput
from iotscan.model.grade import LETTERS
from iotscan.model.run import Run
from iotscan.scan.badkeys_list import WORD, on_block_list, require_badkeys
from iotscan.store.runs import find_run, read_run

THRESHOLDS: tuple[Threshold, ...] = get_args(Threshold)[::-1]
T = TypeVar("T")


class Gating(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's options as given; empty ones leave the question to the profile.

    Kept in the recipe of a scan, so that a resumed one is judged on the same terms.
    """

    fail_on: str = ""
    warn_on: str = ""
    fail_on_new: str = ""
    baseline: str = ""
    first_seen: str = ""
    min_grade: str = ""
    incomplete: str = ""
    exit_zero: bool = False
    waivers: str = ""
    no_waivers: bool = False
    known_keys: tuple[str, ...] = ()

    def settled(self, output: Path) -> "Gating":
        """The same with the files that are meant now: ``latest`` will soon be another run, and so will this folder."""
        waivers = find_waivers(self.waivers, no_waivers=self.no_waivers)
        return msgspec.structs.replace(
            self,
            baseline=str(find_run(self.baseline, output).resolve()) if self.baseline else "",
            first_seen=str(find_run(self.first_seen, output).resolve()) if self.first_seen else "",
            waivers=str(waivers.absolute()) if waivers else "",
            no_waivers=waivers is None,
            known_keys=tuple(k if k == WORD else str(Path(k).absolute()) for k in self.known_keys),
        )

    def read(self, output: Path, *, folders: Sequence[Path] = (), fallback: Threshold = "none") -> Terms:
        """The terms they say.

        ``folders`` hold further checks that waivers may name; ``fallback`` is the command's own threshold.
        Raises BadInput.
        """
        settings = GateSettings(
            fail_on=_threshold("--fail-on", self.fail_on),
            warn_on=_threshold("--warn-on", self.warn_on),
            fail_on_new=_threshold("--fail-on-new", self.fail_on_new),
            min_grade=_one_of("--min-grade", self.min_grade.upper(), LETTERS),
            incomplete=_one_of("--incomplete", self.incomplete, ("fail", "warn", "ignore")),
            exit_zero=self.exit_zero or None,
        )
        baseline = read_run(self.baseline, output) if self.baseline else None
        earlier = _scan(self.first_seen, output) if self.first_seen else None
        waivers = find_waivers(self.waivers, no_waivers=self.no_waivers)
        decided = read_file(waivers, folders) if waivers else WaiverFile()
        if WORD in self.known_keys:
            require_badkeys()
        return Terms(
            gate=settings,
            fallback=fallback,
            baseline=baseline,
            earlier=earlier,
            known_keys=tuple(key for k in self.known_keys if k != WORD for key in read_known_keys(Path(k))),
            look_up=on_block_list if WORD in self.known_keys else None,
            waivers=decided,
            today=clock(),
        )


def _scan(named: str, output: Path) -> Run:
    """The scan whose certificates count as seen first. Raises BadInput."""
    run = read_run(named, output)
    if run.command != "scan":
        raise BadInput(f"--first-seen {run.id} is a run of iotscan {run.command}: it has to be a scan")
    return run


def _threshold(option: str, word: str) -> Threshold | None:
    return _one_of(option, word, THRESHOLDS)


def _one_of(option: str, word: str, known: tuple[T, ...]) -> T | None:
    """The word of ``known`` that was given; None for no word. Raises BadInput."""
    if not word:
        return None
    found = next((k for k in known if k == word), None)
    if found is None:
        words = [str(k) for k in known]
        near = nearest(word, words)
        hint = near if "did you mean" in near else f": {', '.join(words[:-1])} or {words[-1]}"
        raise BadInput(f"{option} {shown(word)} is unknown{hint}")
    return found
