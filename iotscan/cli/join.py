"""``iotscan join``: a scan, images and traffic of the same devices, judged as one."""

from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

RunNames = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        autocompletion=complete_run,
        help="Stored runs, two or more: run files, their folders or ids. One scan at most, images and traffic as many "
        "as there are.",
    ),
]
Runs = Annotated[
    list[str] | None,
    typer.Option(
        "--runs",
        metavar="DEVICE=IMAGE",
        help="This device (address, MAC or name) runs this image (name), where nothing in them says so; repeatable.",
        show_default=False,
    ),
]


def join(
    runs: RunNames,
    image_of: Runs = None,
    profile: shared.ProfileName = "default",
    check: shared.Include = None,
    skip_check: shared.Exclude = None,
    checks: shared.CheckFolders = None,
    fail_on: shared.FailOn = "",
    warn_on: shared.WarnOn = "",
    fail_on_new: shared.FailOnNew = "",
    baseline: shared.Baseline = "",
    min_grade: shared.MinGrade = "",
    incomplete: shared.Incomplete = "",
    exit_zero: shared.ExitZero = False,
    waivers: shared.Waivers = None,
    no_waivers: shared.NoWaivers = False,
    known_keys: shared.KnownKeys = None,
    format: shared.Formats = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    quiet: shared.Quiet = 0,
    show_passed: shared.ShowPassed = False,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Judge a scan, images and traffic of devices as one.

    Devices of several runs are one by MAC address, serial number or UUID, by a key at the same address, and by address
    alone where the runs lie within a day. Which image a device runs is told by a key, certificate or MAC address in
    it, by product and version, or by --runs. Then each is graded by all that is known of it, and where two vantages
    contradict each other that is a finding. Touches no device; the result is a run like any other.

    Example: iotscan join SCAN IMAGE TRAFFIC -f html:report.html
    """
    from iotscan.assess.judging import judge
    from iotscan.cli.output import Display, check_display, present, read_formats
    from iotscan.cli.selection import choose_checks
    from iotscan.cli.terms import Gating
    from iotscan.model.redaction import without_secrets
    from iotscan.scan.joining import join_runs
    from iotscan.store.history.folder import leave_out
    from iotscan.store.runs import make_folder, new_run_id, read_run, write_run

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
        min_grade=min_grade,
        incomplete=incomplete,
        exit_zero=exit_zero,
        waivers=str(waivers or ""),
        no_waivers=no_waivers,
        known_keys=tuple(known_keys or ()),
    )
    terms = gating.read(output_dir, folders=checks or ())
    chosen, selected = choose_checks(profile, checks, check, skip_check)
    terms.rules(chosen)
    joined = join_runs([read_run(name, output_dir) for name in runs], new_run_id(), image_of or ())
    kept = make_folder(output_dir, joined.id)
    judged = judge(without_secrets(joined), selected, chosen, as_of=joined.moment, terms=terms)
    write_run(kept, judged)
    # The history knows the runs that it was made of.
    leave_out(kept)
    present(judged, wanted, display, output_dir)
    raise typer.Exit(judged.verdict.exit_code if judged.verdict else 3)
