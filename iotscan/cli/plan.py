"""``iotscan plan``: what a scan would send, and nothing sent."""

from typing import TYPE_CHECKING, Annotated

import typer

from iotscan.cli import options as shared
from iotscan.cli.complete import complete_run

if TYPE_CHECKING:
    from iotscan.scan.forecast import Forecast


def plan(
    targets: Annotated[
        list[str] | None, typer.Argument(metavar="TARGET", help="As for scan. Without one: those of --scope.")
    ] = None,
    from_nmap: shared.FromNmap = None,
    from_file: shared.FromFile = None,
    backend: shared.BackEnds = None,
    resolver: shared.Resolver = "",
    scope: shared.ScopeFile = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="TARGET", help="Never ask these anything; repeatable.")
    ] = None,
    ports: Annotated[str, typer.Option(metavar="LIST", help="TCP ports instead of the built-in list.")] = "",
    default_creds: Annotated[
        bool, typer.Option("--default-creds", help="As for scan: with default logins of identified products.")
    ] = False,
    intrusive: Annotated[
        bool, typer.Option("--intrusive", help="As for scan: with what may disturb a device, and known keys.")
    ] = False,
    fetch_revocation: shared.FetchRevocation = False,
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            metavar="RUN",
            autocompletion=complete_run,
            help="As for scan: with where this image updates from.",
        ),
    ] = None,
    nmap: shared.Nmap = False,
    profile: shared.ProfileName = "default",
    check: shared.Include = None,
    skip_check: shared.Exclude = None,
    checks: shared.CheckFolders = None,
    max_hosts: Annotated[int, typer.Option(metavar="N", min=1, help="Refuse more addresses than this.")] = 4096,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Look host names up; it asks your resolver, and no device.")
    ] = False,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text or json.")] = "text",
) -> None:
    """Print whom a scan would ask what; send nothing.

    The most that it would send is told, too. Refuses what the scan would refuse: targets out of scope, grants that
    nobody permits, a closed window.
    """
    import sys

    import anyio
    import msgspec

    from iotscan.cli.launch import Wish
    from iotscan.cli.prepare import intend
    from iotscan.cli.scope_words import resolver as look_up
    from iotscan.model.errors import BadInput
    from iotscan.model.scope import Fence
    from iotscan.scan.forecast import forecast
    from iotscan.scan.image_runs import read_image_runs
    from iotscan.scan.update_places import more_ports, places_of

    if format not in ("text", "json"):
        raise BadInput(f"plan knows the formats text and json, not '{format[:40]}'")
    if not (targets or from_nmap or from_file or backend) and scope is None:
        raise BadInput("name a target, or a scope file with --scope: plan asks nobody what is attached here")
    wish = Wish(
        targets=tuple(targets or ()),
        from_nmap=tuple(from_nmap or ()),
        from_file=tuple(from_file or ()),
        backends=tuple(backend or ()),
        resolver=resolver,
        scope=scope,
        exclude=tuple(exclude or ()),
        ports=ports,
        default_creds=default_creds,
        intrusive=intrusive,
        fetch_revocation=fetch_revocation,
        nmap=nmap,
        profile=profile,
        include=tuple(check or ()),
        skip=tuple(skip_check or ()),
        folders=tuple(checks or ()),
        output=shared.OUTPUT,
        max_hosts=max_hosts,
    )
    intent = anyio.run(intend, wish, look_up(resolve))
    joined = read_image_runs(image or (), wish.output)
    told = forecast(
        intent.scope,
        intent.plan,
        intent.chosen.checks,
        tuple(n.text for n in (*intent.notices, *joined.notices)),
        more_ports(places_of(joined.images, joined.observations), Fence(intent.scope), intent.plan),
    )
    if format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")
        return
    print("\n".join(_lines(told)))


def _to_find(told: "Forecast") -> str:
    words = (
        f"{told.knocks_an_address} connection attempts, {told.echoes_an_address} ICMP echoes "
        f"and {told.datagrams_an_address} datagrams"
    )
    if not told.frames_an_address:
        return words
    return f"{told.frames_an_address} raw frames on a link of ours, without the helper and beyond them {words}"


def _lines(told: "Forecast") -> list[str]:
    count = len(told.addresses)
    shown = ", ".join(told.addresses) if count <= 8 else f"{told.addresses[0]} … {told.addresses[-1]}"
    lines = [f"engagement     {told.engagement}"] if told.engagement else []
    lines += [
        f"addresses      {count}: {shown}",
        *(f"back end       {server}" for server in told.backends),
        *([f"their DNS      of {told.resolver}: CAA, DS, TLSA, whether it is signed"] if told.resolver else []),
        f"excluded       {', '.join(told.excluded) or 'none'}",
        f"TCP ports      {len(told.tcp)}: {', '.join(map(str, told.tcp))}",
        *(f"for images     {', '.join(map(str, more))} at {at}" for at, more in told.for_images.items()),
        *(f"as listed      {', '.join(map(str, more))} at {at}" for at, more in told.listed.items()),
        f"UDP            {', '.join(f'{name} on {port}' for name, port in told.udp.items()) or 'none'}",
        *([f"own protocol   {', '.join(f'{name} on {at}' for name, at in told.own.items())}"] if told.own else []),
        f"all on a link  {', '.join(told.methods)} on {', '.join(told.multicast) or 'no link'}",
    ]
    for question in told.questions:
        note = "" if question.is_granted else f"; NOT ASKED: needs --{question.grant}"
        lines.append(
            f"probe          {question.probe} of {', '.join(question.services)} for {', '.join(question.facts)}{note}"
        )
    lines += [f"not asked      {', '.join(told.left_out)}: no check of this run needs them"] if told.left_out else []
    if told.not_allowed:
        lines.append(f"not allowed    {', '.join(told.not_allowed)}: the profile lets no fragile equipment be asked")
    lines += [
        f"an address     sees at most {_to_find(told)} to find a device there",
        f"a device       sees at most {told.knocks_a_device} attempts of the port sweep and "
        f"{told.conversations_a_device} conversations, datagrams among them",
        f"in all         at most {told.connections_in_all:,} connections, about {told.minutes} minutes, "
        "were there a device at every address",
        *(f"note           {notice}" for notice in told.notices),
        "sent           nothing",
    ]
    return lines
