"""``iotscan traffic``: what devices say when nobody asks, and whom they talk to."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_interface, complete_run

if TYPE_CHECKING:
    from iotscan.cli.output import Display
    from iotscan.model.run import Run
    from iotscan.scan.traffic import Order

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
        "(CSV). Whoever is heard is called as it is there: by MAC address; by address where both lie within a day.",
        show_default=False,
    ),
]


Listen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen",
        metavar="IFACE",
        autocompletion=complete_interface,
        help="Listen to this interface in place of captures, through the helper (helper install --capture) or as root. "
        "Ctrl-C ends it and gives the run. Repeatable.",
        show_default=False,
    ),
]
Duration = Annotated[
    str,
    typer.Option("--for", metavar="TIME", help="How long to listen: 90s, 10m, 2h.", show_default=False),
]
Write = Annotated[
    Path | None,
    typer.Option(
        "--write",
        metavar="FILE",
        help="Keep what was heard in this new file (pcapng), for you alone. It holds what others said, passwords too.",
        show_default=False,
    ),
]
Snaplen = Annotated[
    int,
    typer.Option(metavar="BYTES", help="Keep so much of each frame. Default: all.", show_default=False),
]
Promiscuous = Annotated[
    bool,
    typer.Option("--promiscuous", help="Have the card hand over what is for others, too: on a mirror port."),
]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out",
        metavar="ADDRESS[:PORT]",
        help="Keep nothing of whoever talks with this end; repeatable. The SSH session that you are in is left out.",
        show_default=False,
    ),
]


def traffic(
    captures: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            help="Captures: pcap or pcapng, packed with gzip or not, as tcpdump and Wireshark write them; - or a pipe "
            "for one that comes while it is read.",
            show_default=False,
        ),
    ] = None,
    listen: Listen = None,
    duration: Duration = "",
    write: Write = None,
    snaplen: Snaplen = 0,
    promiscuous: Promiscuous = False,
    leave_out: LeaveOut = None,
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
    Nothing is sent, and no name is looked up. A device is told by its MAC address, one behind a router by its address.
    What a capture does not show is not assessed: not seen is never a pass.

    Examples: iotscan traffic lan.pcapng --devices latest | tcpdump -i br0 -w - | iotscan traffic -

    Or listen, until Ctrl-C or for a while: iotscan traffic --listen br0 --for 10m
    """
    from iotscan.cli.listen import Words, read_ear
    from iotscan.cli.listen import listen as listen_to
    from iotscan.cli.output import Display, check_display, present, read_formats
    from iotscan.cli.selection import choose_checks
    from iotscan.cli.terms import Gating
    from iotscan.cli.traffic_order import Wish, order_of

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
    words = Words(
        interfaces=tuple(listen or ()),
        duration=duration,
        write=write,
        snaplen=snaplen,
        is_promiscuous=promiscuous,
        leave_out=tuple(leave_out or ()),
    )
    ear = read_ear(words, captures or ())
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
        sources=tuple(captures or ()),
        local=tuple(local or ()),
        devices=devices,
        trust_stores=tuple(trust_store or ()),
        crls=tuple(crl or ()),
        ocsp_responses=tuple(ocsp_response or ()),
        fingerprints=tuple(fingerprints or ()),
        output=output_dir,
    )
    order = order_of(wish, checks=selected, profile=chosen, terms=terms)
    caught = 0
    if ear is not None:
        run = listen_to(ear, order, display, is_shown=not no_progress)
    else:
        run, caught = _read(order, display, is_shown=not no_progress)
    _remember(run, output_dir, is_kept=not no_history, is_told=quiet < 2)
    present(run, wanted, display, output_dir)
    raise typer.Exit(caught or (run.verdict.exit_code if run.verdict else 3))


def _read(order: "Order", display: "Display", *, is_shown: bool) -> "tuple[Run, int]":
    """The run of captures, and the exit code where a signal cut reading short, else 0."""
    from iotscan.cli.interruption import code_of, ended_by_signals
    from iotscan.cli.progress import TrafficProgress
    from iotscan.cli.traffic_order import stream_of
    from iotscan.scan.traffic import reading

    with (
        stream_of(order) as stream,
        reading(order, stream=stream) as work,
        TrafficProgress(display, enabled=is_shown) as progress,
        # Ctrl-C reaches whoever captures, too: what he has not written yet still comes.
        ended_by_signals(work.stop if stream is None else work.stop_soon, work.kill) as caught,
    ):
        heard = work.hear(progress)
        is_cut = bool(caught.number) and stream is None
        run = work.kept(heard, is_cut=is_cut)
    return run, code_of(caught.number) if is_cut else 0


def _remember(run: "Run", output: Path, *, is_kept: bool, is_told: bool) -> None:
    from iotscan.cli.remembering import keep
    from iotscan.store.history.folder import leave_out

    if is_kept:
        keep(run, output / run.id, is_told=is_told)
    else:
        leave_out(output / run.id)
