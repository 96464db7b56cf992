"""``iotscan scope``: write, read and try out the file that says by whose authority a scan touches what."""

from pathlib import Path
from typing import Annotated

import typer

scope = typer.Typer(
    help="The scope file: who allows what, where, when, how hard.", no_args_is_help=True, rich_markup_mode=None
)


@scope.command("init")
def init(
    cidr: Annotated[
        list[str] | None, typer.Option("--cidr", metavar="NETWORK", help="A network in scope; repeatable.")
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", metavar="HOST[:PORT]", help="A server that may be asked, too; repeatable."),
    ] = None,
    engagement: Annotated[str, typer.Option(metavar="ID", help="The name that is typed to confirm grants.")] = "",
) -> None:
    """Print a scope file to fill in.

    It is refused until every FILL-IN is gone.

    Example: iotscan scope init --cidr 192.168.1.0/24 > scope.yaml
    """
    from ipaddress import ip_network

    from iotscan.cli.scope_words import template
    from iotscan.model.errors import BadInput
    from iotscan.model.scope import utc_now
    from iotscan.model.text import safe_text
    from iotscan.scan.back_ends import read_word

    for word in cidr or ():
        try:
            ip_network(word)
        except ValueError as error:
            raise BadInput(f"--cidr '{safe_text(word, 60)}' is no network: write it like 192.168.1.0/24") from error
    for word in backend or ():
        read_word(word)
    if engagement != safe_text(engagement) or '"' in engagement or "\\" in engagement:
        raise BadInput("--engagement is one printable line without quotes, such as ACME-2026-11")
    print(template(cidr or (), engagement, utc_now(), backend or ()), end="")


@scope.command("check")
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="As for scan. Without one: the file alone."),
    ] = None,
    scope: Annotated[Path, typer.Option("--scope", metavar="FILE", help="The scope file.")] = Path("scope.yaml"),
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Look host names up; it asks your resolver, and no device.")
    ] = False,
    max_hosts: Annotated[int, typer.Option(metavar="N", min=1, help="Refuse more addresses than this.")] = 4096,
) -> None:
    """Say which targets are in scope, which are not, and why.

    Exits 2 when one is out. Sends nothing.
    """
    from iotscan.cli.scope_words import decide

    decided = decide(scope, targets or (), may_resolve=resolve, max_hosts=max_hosts)
    for line in decided.lines:
        print(line)
    raise typer.Exit(0 if decided.all_in else 2)


@scope.command("show")
def show(file: Annotated[Path, typer.Argument(metavar="FILE", help="The scope file.")] = Path("scope.yaml")) -> None:
    """Say in words what a scope file allows.

    Window, networks, permissions, pace, and the file's hash.
    """
    from iotscan.cli.scope_words import in_words
    from iotscan.data.scope_file import read_scope
    from iotscan.model.scope import utc_now

    for line in in_words(read_scope(file), utc_now()):
        print(line)
