"""``iotscan assess`` and ``gate``: on a stored run, without the network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

if TYPE_CHECKING:
    from iotscan.assess.terms import Terms
    from iotscan.model.run import Run

RunName = Annotated[
    str,
    typer.Argument(metavar="RUN", autocompletion=complete_run, help="A run file, its folder, a run id, or 'latest'."),
]
AsOf = Annotated[str, typer.Option(metavar="DATE", help="Judge ages and expiry by this date (2026-12-31).")]
Runs = Annotated[Path, typer.Option("--output-dir", "-o", metavar="DIR", help="Where runs are kept.")]


def assess(
    run: RunName,
    profile: shared.ProfileName = "default",
    check: shared.Include = None,
    skip_check: shared.Exclude = None,
    checks: shared.CheckFolders = None,
    fail_on: shared.FailOn = "",
    warn_on: shared.WarnOn = "",
    fail_on_new: shared.FailOnNew = "",
    baseline: shared.Baseline = "",
    first_seen: shared.FirstSeen = "",
    min_grade: shared.MinGrade = "",
    incomplete: shared.Incomplete = "",
    exit_zero: shared.ExitZero = False,
    waivers: shared.Waivers = None,
    no_waivers: shared.NoWaivers = False,
    as_of: AsOf = "",
    identity: shared.IdentityFile = None,
    known_keys: shared.KnownKeys = None,
    format: shared.Formats = None,
    output_dir: Runs = shared.OUTPUT,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    quiet: shared.Quiet = 0,
    show_passed: shared.ShowPassed = False,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Judge a stored run again. Touches no device.

    With other checks, another profile, other waivers, another date or other rules of who is one device. The stored run
    stays as it is; -f json:FILE keeps the new one.
    """
    from iotscan.cli.output import Display, check_display, present, read_formats
    from iotscan.cli.terms import Gating

    display = check_display(
        Display(
            color=color,
            width=width,
            ascii=ascii,
            quiet=quiet,
            show_passed=show_passed,
            redact=redact,
            step_summary=not no_step_summary,
        )
    )
    wanted = read_formats(format or (), output_dir)
    gating = Gating(
        fail_on=fail_on,
        warn_on=warn_on,
        fail_on_new=fail_on_new,
        baseline=baseline,
        first_seen=first_seen,
        min_grade=min_grade,
        incomplete=incomplete,
        exit_zero=exit_zero,
        waivers=str(waivers or ""),
        no_waivers=no_waivers,
        known_keys=tuple(known_keys or ()),
    )
    terms = gating.read(output_dir, folders=checks or ())
    judged = _judge_again(run, output_dir, profile, check, skip_check, checks, terms, as_of, identity)
    present(judged, wanted, display, output_dir)
    raise typer.Exit(judged.verdict.exit_code if judged.verdict else 3)


def gate(
    run: RunName,
    profile: shared.ProfileName = "default",
    check: shared.Include = None,
    skip_check: shared.Exclude = None,
    checks: shared.CheckFolders = None,
    fail_on: shared.FailOn = "",
    warn_on: shared.WarnOn = "",
    fail_on_new: shared.FailOnNew = "",
    baseline: shared.Baseline = "",
    first_seen: shared.FirstSeen = "",
    min_grade: shared.MinGrade = "",
    incomplete: shared.Incomplete = "",
    exit_zero: shared.ExitZero = False,
    waivers: shared.Waivers = None,
    no_waivers: shared.NoWaivers = False,
    as_of: AsOf = "",
    identity: shared.IdentityFile = None,
    output_dir: Runs = shared.OUTPUT,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Say in one line whether a stored run passes.

    Exit codes: 0 it does, 1 findings, 3 incomplete. Where neither the profile nor --fail-on or --fail-on-new says
    on what to fail, high and critical findings do.

    Examples: iotscan gate latest | iotscan gate run.json --baseline main.json --fail-on-new low
    """
    from iotscan.cli.output import Display, present
    from iotscan.cli.terms import Gating

    gating = Gating(
        fail_on=fail_on,
        warn_on=warn_on,
        fail_on_new=fail_on_new,
        baseline=baseline,
        first_seen=first_seen,
        min_grade=min_grade,
        incomplete=incomplete,
        exit_zero=exit_zero,
        waivers=str(waivers or ""),
        no_waivers=no_waivers,
    )
    terms = gating.read(output_dir, folders=checks or (), fallback="high")
    judged = _judge_again(run, output_dir, profile, check, skip_check, checks, terms, as_of, identity)
    if judged.verdict is None:
        raise typer.Exit(3)
    present(judged, (), Display(quiet=1, step_summary=not no_step_summary), output_dir)
    raise typer.Exit(judged.verdict.exit_code)


def _judge_again(
    named: str,
    output: Path,
    profile_name: str,
    include: list[str] | None,
    skip: list[str] | None,
    folders: list[Path] | None,
    terms: "Terms",
    as_of: str,
    identity: Path | None,
) -> "Run":
    import msgspec

    from iotscan.assess.judging import judge
    from iotscan.cli.selection import choose_checks
    from iotscan.model.errors import BadInput
    from iotscan.model.run import read_moment
    from iotscan.store.runs import read_run

    stored = _regrouped(read_run(named, output), identity)
    profile, chosen = choose_checks(profile_name, folders, include, skip)
    moment = read_moment(as_of, "--as-of") if as_of else stored.moment
    if as_of:
        # Who names a date means it for waivers as well.
        terms = msgspec.structs.replace(terms, today=None)
    if terms.baseline is not None and terms.baseline.id == stored.id:
        raise BadInput(f"the baseline is run {stored.id} itself, in which nothing can be new: name an earlier run")
    if terms.earlier is not None and terms.earlier.id == stored.id:
        raise BadInput(f"--first-seen is run {stored.id} itself: name an earlier run")
    return judge(stored, chosen, profile, as_of=moment, terms=terms)


def _regrouped(run: "Run", identity: Path | None) -> "Run":
    """The run with its devices put together by the rules of a file; without one as it is, by the rules it has."""
    if identity is None:
        return run
    from iotscan.data.fingerprints.library import load_library
    from iotscan.data.identity_file import read_identity
    from iotscan.scan.regrouping import regroup

    return regroup(run, read_identity(identity), load_library([])[0])
