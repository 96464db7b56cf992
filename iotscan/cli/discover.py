"""``iotscan discover``: the inventory alone."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_inventory_format, complete_run


def discover(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="As for scan. Without one: the attached private networks, after asking.",
        ),
    ] = None,
    lab: Annotated[bool, typer.Option("--lab", help="Look at the practice network.")] = False,
    from_nmap: shared.FromNmap = None,
    from_file: shared.FromFile = None,
    scope: shared.ScopeFile = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="TARGET", help="Never ask these anything; repeatable.")
    ] = None,
    ports: Annotated[str, typer.Option(metavar="LIST", help="TCP ports instead of the built-in list.")] = "",
    snmp_community_file: shared.SnmpCommunities = None,
    fingerprints: shared.Fingerprints = None,
    nmap: shared.Nmap = False,
    identity: shared.IdentityFile = None,
    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            "-f",
            autocompletion=complete_inventory_format,
            metavar="FMT[:PATH]",
            help="csv, docx, html, json, jsonl, md, pdf or text, to PATH or standard output; repeatable.",
        ),
    ] = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
    max_hosts: Annotated[int, typer.Option(metavar="N", min=1, help="Refuse more addresses than this.")] = 4096,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Wait this long for a port to answer.")
    ] = 2.0,
    deadline: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="End after this long, with what there is; 0: no limit.")
    ] = 0,
    listen: shared.Listen = 0,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Look again and again, and tell who comes, goes and changes, one line each (-f jsonl for programs). "
            "Ends with Ctrl-C, or after --rounds.",
        ),
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=60,
            help="With --watch: rest this long between the end of a round and the next. Default: 900.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="With --watch: end after so many rounds.", show_default=False),
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            autocompletion=complete_run,
            help="Say what differs from an earlier run (file, folder, id or latest) or a table (CSV) of devices; with "
            "--watch, begin from it.",
            show_default=False,
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before asking the attached networks.")] = False,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    quiet: Annotated[
        int, typer.Option("--quiet", "-q", count=True, help="-q: only the number of devices; -qq: only the exit code.")
    ] = 0,
    no_history: shared.NoHistory = False,
    no_progress: shared.NoProgress = False,
) -> None:
    """List devices and their services; assess nothing.

    None of the ways of finding needs root. ARP sweeps need the helper (helper install); without it, addresses on your
    links are connected to, which is slower and may miss what answers ARP alone, and that rarely. The run says which
    ways there were.

    Examples: iotscan discover 192.168.1.0/24 -f csv:devices.csv | iotscan discover --since latest 192.168.1.0/24 |
    iotscan discover --watch -f jsonl 192.168.1.0/24
    """
    from iotscan.cli import launch
    from iotscan.cli.output import Display, check_display
    from iotscan.cli.watch import check_pacing
    from iotscan.model.errors import BadInput

    if redact == "strict" and (watch or since):
        raise BadInput("--redact strict would tell no device again: leave it out, or leave out --watch and --since")
    pacing = check_pacing(is_watch=watch, every=every, rounds=rounds or 0)
    display = check_display(Display(color=color, width=width, ascii=ascii, quiet=quiet, redact=redact))
    wish = launch.Wish(
        command="discover",
        targets=tuple(targets or ()),
        from_nmap=tuple(from_nmap or ()),
        from_file=tuple(from_file or ()),
        scope=scope,
        exclude=tuple(exclude or ()),
        lab=lab,
        ports=ports,
        communities=snmp_community_file,
        fingerprints=tuple(fingerprints or ()),
        nmap=nmap,
        identity=identity,
        formats=tuple(format or ()),
        output=Path(output_dir),
        max_hosts=max_hosts,
        timeout=timeout,
        deadline=deadline,
        listen=listen,
        yes=yes,
        since=since,
        no_history=no_history,
    )
    raise typer.Exit(launch.launch(wish, display, progress=not no_progress, pacing=pacing))
