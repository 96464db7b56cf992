"""Two runs side by side, judged by one rule: the ground under every comparison of stored runs."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from iotscan.assess.check import Check
    from iotscan.assess.profile import Profile
    from iotscan.model.comparison import Comparison
    from iotscan.model.run import Run


def compared(
    old: "Run",
    new: "Run",
    profile_name: str = "",
    folders: "Sequence[Path]" = (),
    as_of: "datetime | None" = None,
) -> "Comparison":
    """What changed from one run to the other, both judged by one rule: their own where that is the same.

    Secrets must be out of them (:func:`~iotscan.model.redaction.without_secrets`). Raises BadInput where the rules of
    the new run are not to be had and no profile is named.
    """
    from iotscan.assess.comparing import compare
    from iotscan.assess.registry import load_checks
    from iotscan.assess.since import fleet_ids, have_one_rule, key_ids

    if old.command == new.command == "discover":
        return compare(old, new)  # nothing was judged, nor would judging say more of who is there
    pack = load_checks(tuple(folders))
    fleet, of_keys = fleet_ids(pack.checks), key_ids(pack.checks)
    if have_one_rule(old, new) and not (profile_name or folders or as_of):
        return compare(old, new, fleet=fleet, of_keys=of_keys, pair_lone_images=True)
    profile, checks = rules_of(new, profile_name, folders)
    judged = [judged_by(run, checks, profile, as_of) for run in (old, new)]
    return compare(
        judged[0],
        judged[1],
        fleet=fleet,
        of_keys=of_keys,
        pair_lone_images=True,
        judged_again=(judged[0] is not old, judged[1] is not new),
    )


def rules_of(new: "Run", profile_name: str, folders: "Sequence[Path]") -> tuple["Profile", tuple["Check", ...]]:
    """The profile and checks by which both runs are judged. Raises BadInput."""
    from iotscan.assess.profile import load_profile, select
    from iotscan.assess.registry import load_checks
    from iotscan.model.errors import BadInput
    from iotscan.report.words import clean

    pack = load_checks(tuple(folders))
    if profile_name:
        profile = load_profile(profile_name)
        return profile, select(profile, pack)
    named = clean(new.profile.id, 60)
    advice = "say by which profile to judge both: --profile NAME|FILE"
    try:
        profile = load_profile(named)
    except BadInput as error:
        raise BadInput(
            f"the runs were judged by different rules, and '{named}' of the new one is unknown here: {advice}"
        ) from error
    if profile.sha256 != new.profile.sha256:
        raise BadInput(
            f"the runs were judged by different rules, and '{named}' here is not as it was for the new one "
            f"(another version, or narrowed by --check): {advice}"
        )
    return profile, select(profile, pack)


def judged_by(run: "Run", checks: tuple["Check", ...], profile: "Profile", as_of: "datetime | None") -> "Run":
    """The run as these rules judge it: as it is where they are its own. Waivers stay on what they were on."""
    import msgspec

    from iotscan import __version__
    from iotscan.assess.gate import GateSettings
    from iotscan.assess.judging import judge
    from iotscan.assess.terms import Terms

    own = (run.profile.sha256, run.tool.version, sorted(run.checks, key=lambda c: c.id))
    if not as_of and own == (profile.sha256, __version__, [c.info for c in checks]):
        return run
    terms = Terms(gate=GateSettings(fail_on_new="none"))
    judged = judge(run, checks, profile, as_of=as_of or run.moment, terms=terms)
    waivers = {r.fingerprint: r.waiver for r in run.results if r.waiver}
    results = [msgspec.structs.replace(r, waiver=waivers.get(r.fingerprint, r.waiver)) for r in judged.results]
    return msgspec.structs.replace(judged, results=tuple(results))
