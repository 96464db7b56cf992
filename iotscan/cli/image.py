"""``iotscan image``: what ships instead of a network."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import options as shared


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """A block that SIGTERM ends as an error would: nothing of it stays behind."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


ImageName = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the image is known by from build to build. Default: its file name without version and build.",
        show_default=False,
    ),
]

Advisories = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="PATH",
        help="Compare the packages with these advisories: OSV data that you downloaded, a zip or a folder of JSON "
        "files; repeatable. Nothing is fetched.",
        show_default=False,
    ),
]


def image(
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Images: folders, archives, disks, file systems, boot and update images."
        ),
    ],
    name: ImageName = "",
    trust: shared.TrustedKeys = None,
    known_keys: shared.KnownKeys = None,
    advisories: Advisories = None,
    crl: shared.Crls = None,
    ocsp_response: shared.OcspResponses = None,
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
    format: shared.Formats = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    quiet: shared.Quiet = 0,
    show_passed: shared.ShowPassed = False,
    no_history: shared.NoHistory = False,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Assess images: does this gateway ship?

    Takes a root file system as a folder, tar, OCI or docker archive, squashfs, ext2/3/4, cpio, JFFS2, UBI, a whole
    disk, a FIT, an Android or legacy U-Boot image, packed or nested in one another. Reads only: nothing is mounted,
    extracted, executed or sent, and no root is needed. What could not be read is named, and the run is incomplete.

    Example: iotscan image build/gateway.wic.xz --fail-on high -f json:iotscan.json
    """
    from iotscan.cli.output import Display, check_display, present, read_formats
    from iotscan.cli.progress import ImageProgress
    from iotscan.cli.remembering import keep
    from iotscan.cli.selection import choose_checks
    from iotscan.cli.terms import Gating
    from iotscan.scan.advisories.data import open_advisories
    from iotscan.scan.images import assess_images
    from iotscan.scan.revocation_files import read_revocation_files
    from iotscan.scan.trusted_keys import read_trusted_keys
    from iotscan.store.history.folder import leave_out

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
    trusted = read_trusted_keys(trust or ())
    given = open_advisories(advisories or ())
    revocation = read_revocation_files(
        [str(file.absolute()) for file in crl or ()], [str(file.absolute()) for file in ocsp_response or ()]
    )
    with _ended_in_order(), ImageProgress(display, enabled=True) as progress:
        run = assess_images(
            images,
            selected,
            chosen,
            terms=terms,
            output=output_dir,
            name=name,
            trusted=trusted,
            advisories=given,
            revocation=revocation,
            watch=progress,
        )
    if no_history:
        leave_out(output_dir / run.id)
    else:
        keep(run, output_dir / run.id, is_told=quiet < 2)
    present(run, wanted, display, output_dir)
    raise typer.Exit(run.verdict.exit_code if run.verdict else 3)
