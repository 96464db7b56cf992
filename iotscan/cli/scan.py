"""``iotscan scan``: from a network to a graded report."""

from pathlib import Path
from typing import Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

RESUMABLE = frozenset(
    [
        "resume",
        "targets",
        "lab",
        "scope",
        "yes",
        "deadline",
        "format",
        "output_dir",
        "redact",
        "color",
        "width",
        "ascii",
        "quiet",
        "show_passed",
        "no_history",
        "no_progress",
        "no_step_summary",
    ]
)
"""What may be said when a scan goes on: the rest, its gate included, is as it was begun. Targets are refused later."""


def scan(
    ctx: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="Address, CIDR, range (192.0.2.10-40), host name, file:PATH or - for standard input. "
            "Without one: the private networks this machine is attached to, after asking.",
        ),
    ] = None,
    lab: Annotated[
        bool, typer.Option("--lab", help="Scan the practice network on this machine, and nothing else.")
    ] = False,
    from_nmap: shared.FromNmap = None,
    from_file: shared.FromFile = None,
    backend: shared.BackEnds = None,
    resolver: shared.Resolver = "",
    backend_credential: Annotated[
        Path | None,
        typer.Option(
            "--backend-credential",
            metavar="FILE",
            help="Credentials of devices of yours (YAML), each told to the broker of one --backend alone: with "
            "--intrusive, messages of others that such a device gets to hear are counted.",
            show_default=False,
        ),
    ] = None,
    scope: shared.ScopeFile = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="TARGET", help="Never ask these anything; repeatable.")
    ] = None,
    ports: Annotated[
        str, typer.Option(metavar="LIST", help="TCP ports instead of the built-in list: 80,443,8000-8100.")
    ] = "",
    default_creds: Annotated[
        bool | None,
        typer.Option(
            "--default-creds/--no-default-creds",
            help="Grant: try the documented default login of identified products, and anonymous of FTP. Off, except "
            "with --lab.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="With --default-creds: ask everything else, try no login, and tell which would be tried where, as "
            "text or json. Exit code 0, or 3 where nobody answered.",
        ),
    ] = False,
    intrusive: Annotated[
        bool,
        typer.Option(
            "--intrusive",
            help="Grant: ask what may disturb a fragile device (Heartbleed, ROBOT, the early ChangeCipherSpec, TFTP), "
            "count for two seconds what an open MQTT broker lets guests hear, and try pre-shared keys of public "
            "examples. Off, with --lab too. Elsewhere than on this machine --scope has to permit it.",
        ),
    ] = False,
    credentials: Annotated[
        list[Path] | None, typer.Option(metavar="FILE|DIR", help="Further credential records; repeatable.")
    ] = None,
    trust_store: shared.TrustStores = None,
    crl: shared.Crls = None,
    ocsp_response: shared.OcspResponses = None,
    fetch_revocation: shared.FetchRevocation = False,
    trust: shared.TrustedKeys = None,
    known_keys: shared.KnownKeys = None,
    snmp_community_file: shared.SnmpCommunities = None,
    fingerprints: shared.Fingerprints = None,
    nmap: shared.Nmap = False,
    identity: shared.IdentityFile = None,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="RUN",
            autocompletion=complete_run,
            help="What iotscan image found in the image that the devices run (file, folder, id or latest): graded and "
            "reported together. Its keys verify the updates that devices offer; where it updates from is asked, too, "
            "as far as that is in scope; repeatable.",
            show_default=False,
        ),
    ] = None,
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
    format: shared.Formats = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
    resume: Annotated[str, typer.Option(metavar="RUN", help="Go on with an interrupted run; takes no targets.")] = "",
    since: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            autocompletion=complete_run,
            help="Go back to an earlier scan (file, folder, id or latest): where a service shows itself as it did "
            "then, what is costly is not asked again (the TLS it accepts, its certificate, the logins it refused). "
            "Says at the end what has changed.",
            show_default=False,
        ),
    ] = "",
    max_hosts: Annotated[int, typer.Option(metavar="N", min=1, help="Refuse more addresses than this.")] = 4096,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="Wait this long for a port to answer.")
    ] = 2.0,
    deadline: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="End the scan after this long, with what there is; 0: no limit."),
    ] = 0,
    listen: shared.Listen = 0,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask, before scanning the attached networks or for grants.")
    ] = False,
    redact: shared.Redact = "standard",
    color: shared.Color = "auto",
    width: shared.Width = 0,
    ascii: shared.Ascii = False,
    quiet: shared.Quiet = 0,
    show_passed: shared.ShowPassed = False,
    no_history: shared.NoHistory = False,
    no_progress: shared.NoProgress = False,
    no_step_summary: shared.NoStepSummary = False,
) -> None:
    """Find the devices on a network, question and grade them.

    Each is asked in its own protocols and graded on the five elements. Read-only and polite by default: no
    login, no write, one conversation at a time per device. Results go to
    standard output and, whole, to iotscan-out/RUN/run.json.

    Examples: iotscan scan --lab | iotscan scan 192.168.1.0/24 --fail-on high | iotscan scan -f json 192.168.1.7
    """
    from iotscan.cli import launch
    from iotscan.cli.given import refuse_others
    from iotscan.cli.output import Display, check_display
    from iotscan.cli.terms import Gating

    if resume:
        refuse_others(ctx, RESUMABLE, "--resume goes on as the scan was begun, and is judged on the same terms")
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
    wish = launch.Wish(
        targets=tuple(targets or ()),
        from_nmap=tuple(from_nmap or ()),
        from_file=tuple(from_file or ()),
        backends=tuple(backend or ()),
        resolver=resolver,
        backend_credentials=backend_credential,
        scope=scope,
        exclude=tuple(exclude or ()),
        lab=lab,
        ports=ports,
        default_creds=lab if default_creds is None else default_creds,
        dry_run=dry_run,
        intrusive=intrusive,
        fetch_revocation=fetch_revocation,
        credentials=tuple(credentials or ()),
        trust_stores=tuple(trust_store or ()),
        crls=tuple(crl or ()),
        ocsp_responses=tuple(ocsp_response or ()),
        trusted=tuple(trust or ()),
        communities=snmp_community_file,
        fingerprints=tuple(fingerprints or ()),
        nmap=nmap,
        identity=identity,
        images=tuple(image or ()),
        profile=profile,
        include=tuple(check or ()),
        skip=tuple(skip_check or ()),
        folders=tuple(checks or ()),
        gating=gating,
        formats=tuple(format or ()),
        output=output_dir,
        resume=resume,
        since=since,
        max_hosts=max_hosts,
        timeout=timeout,
        deadline=deadline,
        listen=listen,
        yes=yes,
        no_history=no_history,
    )
    raise typer.Exit(launch.launch(wish, display, progress=not no_progress))
