"""``iotscan diff``: what changed from one stored run to another, without the network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run
from iotscan.cli.stored import AsOf, Runs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from iotscan.assess.check import Check
    from iotscan.assess.profile import Profile
    from iotscan.model.comparison import Comparison
    from iotscan.model.run import Run

OldRun = Annotated[
    str,
    typer.Argument(
        metavar="OLD",
        autocompletion=complete_run,
        help="A run file, its folder, a run id, 'latest', or a table (CSV) of devices.",
    ),
]
NewRun = Annotated[
    str,
    typer.Argument(metavar="NEW", autocompletion=complete_run, help="The later run, given in the same ways."),
]
ProfileOfBoth = Annotated[
    str,
    typer.Option(
        "--profile", metavar="NAME|FILE", help="Judge both by this one. Default: by that of NEW.", show_default=False
    ),
]
Format = Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text, json or md, to standard output.")]
Quietly = Annotated[bool, typer.Option("--quiet", "-q", help="Only the line with the counts.")]


def diff(
    old: OldRun,
    new: NewRun,
    profile: ProfileOfBoth = "",
    checks: shared.CheckFolders = None,
    as_of: AsOf = "",
    format: Format = "text",
    output_dir: Runs = shared.OUTPUT,
    quiet: Quietly = False,
) -> None:
    """Compare two runs: added, changed, fixed, unassessed.

    Touches no device. Of two lists of devices (iotscan discover) it says who is new, not seen, moved or changed.
    Runs that were judged by different profiles, checks or versions are judged again by the rules of NEW first.
    Exit codes: 0 they say the same, 1 they differ, 2 they cannot be compared.

    Example: iotscan diff iotscan-out/20261101T080000Z-3fa9c1 latest
    """
    import sys

    from iotscan.cli.pipe import tell, while_somebody_listens
    from iotscan.model.redaction import without_secrets
    from iotscan.model.run import read_moment
    from iotscan.report.difference import sentence, write
    from iotscan.scan.tables import read_list

    # A run file may come from elsewhere: what it hides is not known.
    runs = without_secrets((read_list(old, output_dir), read_list(new, output_dir)))
    told = _compare(*runs, profile, checks or (), read_moment(as_of, "--as-of") if as_of else None)
    payload = write(told, format)
    if quiet:
        payload = sentence(told) + "\n"
    elif format != "text":
        tell(f"diff: {sentence(told)}")
    with while_somebody_listens():
        sys.stdout.flush()
        sys.stdout.buffer.write(payload.encode())
        sys.stdout.flush()
    raise typer.Exit(1 if told.differs else 0)


def _compare(
    old: "Run", new: "Run", profile_name: str, folders: "Sequence[Path]", as_of: "datetime | None"
) -> "Comparison":
    from iotscan.assess.comparing import compare
    from iotscan.assess.registry import load_checks
    from iotscan.assess.since import fleet_ids, have_one_rule

    if old.command == new.command == "discover":
        return compare(old, new)  # nothing was judged, nor would judging say more of who is there
    pack = load_checks(tuple(folders))
    fleet = fleet_ids(pack.checks)
    if have_one_rule(old, new) and not (profile_name or folders or as_of):
        return compare(old, new, fleet=fleet, pair_lone_images=True)
    profile, checks = _rules(new, profile_name, folders)
    judged = [_by(run, checks, profile, as_of) for run in (old, new)]
    return compare(
        judged[0],
        judged[1],
        fleet=fleet,
        pair_lone_images=True,
        judged_again=(judged[0] is not old, judged[1] is not new),
    )


def _rules(new: "Run", profile_name: str, folders: "Sequence[Path]") -> tuple["Profile", tuple["Check", ...]]:
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


def _by(run: "Run", checks: tuple["Check", ...], profile: "Profile", as_of: "datetime | None") -> "Run":
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
