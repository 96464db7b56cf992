"""``iotscan helper``: the small program that may send raw frames, for users who are not root."""

import os
from typing import Annotated

import typer

helper = typer.Typer(
    help="ARP and neighbour sweeps without being root.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@helper.command("install")
def install(
    user: Annotated[
        str, typer.Option(metavar="NAME", help="Who may start it; by default who called sudo.", show_default=False)
    ] = "",
) -> None:
    """Let a user's scans send raw frames through the helper; as root.

    Copies two files to where root alone writes and adds one rule to sudo. Both programs give every privilege up once
    their sockets are open. One sends ARP requests, neighbour solicitations and one echo, to the links alone; the
    other hears broadcasts (ARP, DHCP, mDNS …) and can send nothing.
    """
    from iotscan.observe.network.helper import installing
    from iotscan.observe.network.helper.program import FOLDER

    record = installing.install(user or os.environ.get("SUDO_USER", ""))
    print(f"installed for {record.user}: {FOLDER}, started with {record.python} by the rule in {installing.RULE}")


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
