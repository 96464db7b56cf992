"""``iotscan helper``: the small program that may send raw frames, for users who are not root."""

import os
from typing import Annotated

import typer

helper = typer.Typer(
    help="ARP and neighbour sweeps, and captures, without being root.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@helper.command("install")
def install(
    user: Annotated[
        str, typer.Option(metavar="NAME", help="Who may start it; by default who called sudo.", show_default=False)
    ] = "",
    capture: Annotated[
        bool,
        typer.Option("--capture", help="Let them also capture all that passes an interface: traffic --listen."),
    ] = False,
) -> None:
    """Let a user's scans send raw frames through the helper; as root.

    Copies two files, three with --capture, to where root alone writes and adds one rule to sudo. The programs give
    every privilege up once their sockets are open. One sends ARP requests, neighbour solicitations and one echo, to
    the links alone; one hears broadcasts (ARP, DHCP, mDNS …) and can send nothing. The third hears everything that
    passes an interface, other people's conversations too, and can send nothing; an installation without --capture
    takes it away again.
    """
    from iotscan.observe.network.helper import installing
    from iotscan.observe.network.helper.program import FOLDER

    record = installing.install(user or os.environ.get("SUDO_USER", ""), captures=capture)
    print(f"installed for {record.user}: {FOLDER}, started with {record.python} by the rule in {installing.RULE}")
    if capture:
        print(f"{record.user} may now record all that passes the interfaces of this machine")


@helper.command("remove")
def remove() -> None:
    """Take the helper and its rule away; as root."""
    from iotscan.observe.network.helper import installing

    print("removed" if installing.remove() else "there was none")


@helper.command("status")
def status() -> None:
    """Say whether your scans can send raw frames, and how. Sends nothing.

    Exits 0 when they can, 1 when they cannot.
    """
    from iotscan.observe.network.helper.status import look

    found = look()
    print(found.text)
    if found.next:
        print(f"next: {found.next}")
    raise typer.Exit(0 if found.works else 1)
