"""Which checks and which profile a command uses."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iotscan.model.errors import BadInput

if TYPE_CHECKING:
    from iotscan.assess.check import Check
    from iotscan.assess.profile import Profile


def choose_checks(
    profile_name: str,
    folders: Sequence[Path] | None,
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
) -> tuple["Profile", tuple["Check", ...]]:
    """Load the profile and the checks it selects, narrowed by ``--check`` and ``--skip-check``.

    Raises BadInput for an unknown profile, check or folder.
    """
    from iotscan.assess.profile import load_profile, narrow, select
    from iotscan.assess.registry import load_checks

    pack = load_checks(tuple(folders or ()))
    profile = narrow(load_profile(profile_name), include or (), exclude or ())
    checks = select(profile, pack)
    if not checks:
        raise BadInput("no check is left: --check and --skip-check exclude them all")
    return profile, checks
