"""A profile says which checks run, which of them must be assessed, and by which policy. Data, never code.

Schema ``iotscan/profile@1``. Ours ship in ``profiles/``; anybody's may be named by path. :mod:`.written` is the
form of one file, :mod:`.resolving` makes a :class:`Profile` of it and those it extends, :mod:`.selecting` holds it
against the checks that there are.
"""

from iotscan.assess.profile.effective import BadProfile, PaceWish, Place, Profile, Selection
from iotscan.assess.profile.resolving import load_profile, profile_names
from iotscan.assess.profile.selecting import check_words, narrow, required_ids, select, values_by_id

DEFAULT = "default"

__all__ = [
    "DEFAULT",
    "BadProfile",
    "PaceWish",
    "Place",
    "Profile",
    "Selection",
    "check_words",
    "load_profile",
    "narrow",
    "profile_names",
    "required_ids",
    "select",
    "values_by_id",
]
