"""On what terms a run is judged besides its profile: what the command line says of gate, waivers and baseline."""

from collections.abc import Callable
from datetime import date

import msgspec

from iotscan.assess.gate import GateRules, GateSettings, Threshold, settle
from iotscan.assess.profile import Profile
from iotscan.data.waiver_file import WaiverFile
from iotscan.model.known_key import KnownKey
from iotscan.model.run import Run
from iotscan.model.sighting import Memory

Recall = Callable[[Run], Memory | None]
"""Tells what a history of runs knows of the devices of a run that is about to be judged."""

LookUp = Callable[[Run], tuple[KnownKey, ...]]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds over the profile.

    ``fallback`` is the threshold where neither says on what to fail. ``baseline`` is the earlier run that tells
    new findings from known ones. ``waivers`` are the waivers and attestations in force or not.
    """

    gate: GateSettings = GateSettings()
    fallback: Threshold = "none"
    baseline: Run | None = None
    earlier: Run | None = None
    """The run whose certificates count as seen first (``--first-seen``)."""
    recall: Recall | None = None
    """Asks the history; None keeps what the run remembers already."""
    known_keys: tuple[KnownKey, ...] = ()
    """Keys that others have, too, by a list of the user's (``--known-keys``)."""
    look_up: LookUp | None = None
    """Tells which keys of the run stand in a list that is too long to be kept in it."""
    waivers: WaiverFile = WaiverFile()
    today: date | None = None
    """The day on which what persons decided has to hold still, where it is later than that of the judgement."""

    def of_baseline(self) -> "Terms":
        """The terms to judge the baseline itself by: nothing is new in it."""
        gate = GateSettings(fail_on_new="none")
        return msgspec.structs.replace(self, baseline=None, earlier=None, recall=None, today=None, gate=gate)

    def rules(self, profile: Profile) -> GateRules:
        """The gate's rules under a profile. Raises BadInput, see :func:`settle`."""
        return settle(self.gate, profile.gate, fallback=self.fallback, has_baseline=self.baseline is not None)
