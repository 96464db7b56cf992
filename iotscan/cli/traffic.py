"""``iotscan traffic``: what devices say when nobody asks, and whom they talk to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

if TYPE_CHECKING:
    from iotscan.model.run import Run

Local = Annotated[
    list[str] | None,
    typer.Option(
        "--local",
        metavar="NET",
        help="A network of the devices, besides those of private use: whoever is in it is a device and no server "
        "beyond; repeatable.",
        show_default=False,
    ),
]
Devices = Annotated[
    str,
    typer.Option(
        "--devices",
        metavar="RUN",
        autocompletion=complete_run,
        help="An inventory that knows the devices: a run of scan or discover (file, folder, id or latest) or a table "
        "(CSV). Whoever is heard is called as it is there.",
        show_default=False,
    ),
]


def traffic(
    captures: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Captures: pcap or pcapng, packed with gzip or not, as tcpdump and Wireshark write them; - for one "
            "that comes on standard input.",
        ),
    ],
    local: Local = None,
    devices: Devices = "",
    trust_store: shared.TrustStores = None,
    crl: shared.Crls = None,
    ocsp_response: shared.OcspResponses = None,
    fingerprints: shared.Fingerprints = None,
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
    no_progress: shared.NoProgress = False,
    no_history: shared.NoHistory = False,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Assess captured traffic: whom devices talk to, and how.

    What each was seen to do: its servers, its protocols, how much of it is in the clear, what it offers and believes.
    Reads only: nothing is sent, no name is looked up, no root is needed. A device is told by its MAC address, one
    behind a router by its address. What a capture does not show is not assessed: not seen is never a pass.

    Examples: iotscan traffic lan.pcapng --devices latest | tcpdump -i br0 -w - | iotscan traffic -
    """
    from iotscan.cli.interruption import code_of, ended_by_signals
    from iotscan.cli.output import Display, check_display, present, read_formats
    from iotscan.cli.progress import TrafficProgress
    from iotscan.cli.selection import choose_checks
    from iotscan.cli.terms import Gating
    from iotscan.cli.traffic_order import Wish, order_of, require_stream
    from iotscan.scan.traffic import reading

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
    wish = Wish(
        sources=tuple(captures),
        local=tuple(local or ()),
        devices=devices,
        trust_stores=tuple(trust_store or ()),
        crls=tuple(crl or ()),
        ocsp_responses=tuple(ocsp_response or ()),
        fingerprints=tuple(fingerprints or ()),
        output=output_dir,
    )
    order = order_of(wish, checks=selected, profile=chosen, terms=terms)
    stream = require_stream(wish.sources)
    with (
        reading(order, stream=stream) as work,
        TrafficProgress(display, enabled=not no_progress) as progress,
        ended_by_signals(work.stop, work.kill) as caught,
    ):
        heard = work.hear(progress)
        run = work.kept(heard, is_cut=bool(caught.number) and stream is None)
    _remember(run, output_dir, is_kept=not no_history, is_told=quiet < 2)
    present(run, wanted, display, output_dir)
    if caught.number and stream is None:
        raise typer.Exit(code_of(caught.number))
    raise typer.Exit(run.verdict.exit_code if run.verdict else 3)


def _remember(run: "Run", output: Path, *, is_kept: bool, is_told: bool) -> None:
    from iotscan.cli.remembering import keep
    from iotscan.store.history.folder import leave_out

    if is_kept:
        keep(run, output / run.id, is_told=is_told)
    else:
        leave_out(output / run.id)
