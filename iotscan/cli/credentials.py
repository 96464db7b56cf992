"""``iotscan credentials``: which products' documented logins are known. Never a password."""

from pathlib import Path
from typing import Annotated

import typer

credentials = typer.Typer(help="The records of documented default logins.", no_args_is_help=True, rich_markup_mode=None)


@credentials.callback()
def group() -> None:
    """The records of documented default logins."""


@credentials.command("list")
def list_records(
    word: Annotated[
        str, typer.Argument(metavar="[WORD]", help="Only those with this in id, vendor, product or protocols.")
    ] = "",
    given: Annotated[
        list[Path] | None,
        typer.Option("--credentials", metavar="FILE|DIR", help="Further credential records; repeatable."),
    ] = None,
    format: Annotated[str, typer.Option("--format", "-f", metavar="FMT", help="text or json.")] = "text",
) -> None:
    """List products, protocols, account names and sources.

    Where a documented login holds, and who documents it. Passwords stand in the sources, and are not shown.
    """
    import sys

    import msgspec

    from iotscan.data.credential_records import CredentialRecord, load_records
    from iotscan.model.errors import BadInput

    if format not in ("text", "json"):
        raise BadInput(f"credentials list knows the formats text and json, not '{format[:40]}'")

    def is_wanted(record: CredentialRecord) -> bool:
        return word.casefold() in " ".join((record.id, record.name, *record.protocols)).casefold()

    records = [r for r in load_records(given or ()) if is_wanted(r)]
    if format == "json":
        fields = ("id", "vendor", "product", "protocols", "match", "path", "source", "verified", "note")
        told = [{**{f: getattr(r, f) for f in fields}, "accounts": [p.user for p in r.pairs]} for r in records]
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")
        return
    width = max((len(r.id) for r in records), default=0)
    for record in records:
        accounts = ", ".join(pair.user or "(no user)" for pair in record.pairs)
        print(f"{record.id:{width}}  {record.name}: {', '.join(record.protocols)}; {accounts}; {record.source}")
    if not records:
        print(f"iotscan: no record has {word[:40]!r} in id, vendor, product or protocols", file=sys.stderr)
