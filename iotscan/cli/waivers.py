"""``iotscan waivers``: decide about a finding, keep the decisions in order."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from iotscan.cli import options as shared
from iotscan.cli.settled import SettledCommand

if TYPE_CHECKING:
    from datetime import date

    from iotscan.assess.reviewing import Reviewed
    from iotscan.data.waiver_file import WaiverFile
    from iotscan.model.run import Run

waivers = typer.Typer(
    help="Waivers: findings that somebody answers for until a date.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DEFAULT = Path("iotscan.waivers.yaml")
FileName = Annotated[Path, typer.Option("--file", "--waivers", metavar="FILE", help="The waiver file.")]
RunName = Annotated[str, typer.Option("--run", metavar="RUN", help="A run to hold it against: file, id or 'latest'.")]
AsOf = Annotated[str, typer.Option(metavar="DATE", help="Judge expiry by this date instead of today (2026-12-31).")]


@waivers.command("add", cls=SettledCommand)
def add(
    owner: Annotated[str, typer.Option(metavar="WHO", help="Who answers for it.")],
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why the finding may stay.")],
    expires: Annotated[str, typer.Option(metavar="DATE|DAYS", help="Until when: 2027-02-20 or 90d, a year at most.")],
    check: Annotated[str, typer.Argument(metavar="CHECK", help="A check's id or alias; not with --finding.")] = "",
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="asset, service (tcp/443), ip with within, image, path (glob); repeatable, all must hold.",
        ),
    ] = None,
    finding: Annotated[
        str, typer.Option(metavar="FINGERPRINT", help="Take check, target and fingerprint from this finding of --run.")
    ] = "",
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="The run that holds --finding.")] = "latest",
    decision: Annotated[
        str,
        typer.Option(metavar="WORD", help="risk_accepted, false_positive, compensating_control or vendor_fix_pending."),
    ] = "risk_accepted",
    approved_by: Annotated[str, typer.Option(metavar="WHO", help="Who agreed.")] = "",
    ticket: Annotated[str, typer.Option(metavar="ID", help="Where it is followed up.")] = "",
    max_severity: Annotated[str, typer.Option(metavar="SEVERITY", help="Void for anything graver.")] = "",
    file: FileName = DEFAULT,
    folders: shared.CheckFolders = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Write a waiver at the end of the file.

    The file is made where there is none; nothing else in it changes.

    Example: iotscan waivers add --finding 6f1c0b7e --owner jane --expires 90d --reason "pinned in the app"
    """
    from iotscan.assess.waiving import say_target
    from iotscan.cli.waiver_words import from_finding, given, next_id, read_end, read_target
    from iotscan.cli.waiving import clock, load_known, replace_text
    from iotscan.data.strict_yaml import BadYaml
    from iotscan.data.waiver_file import WaiverFile, parse_waivers
    from iotscan.data.waiver_text import FRESH, add_entry, as_file, read_text
    from iotscan.model.errors import BadInput
    from iotscan.store.runs import read_run

    if bool(check) == bool(finding):
        raise BadInput("say what to waive: CHECK with --target, or --finding FINGERPRINT")
    today, known = clock(), load_known(folders or ())
    text = read_text(file) if file.exists() else FRESH
    held = parse_waivers(text, file, known, today=today)
    said: dict[str, Any] = {"id": next_id(held, today), "check": check, "target": {}}
    said |= from_finding(read_run(run, output_dir), finding) if finding else {}
    said["target"] |= read_target(target or ())
    said |= {"decision": decision, "reason": reason, "owner": owner}
    said |= {"created": today.isoformat(), "expires": read_end(expires, today).isoformat()}
    said |= given([("approved_by", approved_by), ("ticket", ticket), ("max_severity", max_severity)])
    try:
        # By itself first: a complaint about it is about the words given, not about a line of the file.
        (entry,) = parse_waivers(as_file(said), file, known, today=today).waivers
    except BadYaml as error:
        raise BadInput(f"this cannot be waived: {error.problem}") from error
    edited = add_entry(text, "waivers", entry, file)
    after = parse_waivers(edited, file, known, today=today)
    if after != WaiverFile(waivers=(*held.waivers, entry), attestations=held.attestations):
        raise BadInput(f"{file}: its layout is one that we cannot edit: add the waiver by hand")
    replace_text(file, edited)
    print(f"{entry.id} in {file}: {entry.check} on {say_target(entry.target)}, until {entry.expires}")


@waivers.command("list", cls=SettledCommand)
def list_waivers(
    file: FileName = DEFAULT,
    run: RunName = "",
    as_of: AsOf = "",
    folders: shared.CheckFolders = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """List waivers and attestations, and what they cover.

    Id, state, end, check, target, owner, reason; with --run the state there.
    """
    from iotscan.assess.waiving import has_expired, say_target, until
    from iotscan.data.waiver_file import WaiverEntry
    from iotscan.model.text import safe_text

    held, reviewed, today = _review(file, run, as_of, folders, output_dir)
    for entry in held.entries:
        if isinstance(entry, WaiverEntry):
            who, why = safe_text(entry.owner), safe_text(entry.reason)
        else:
            said = "holds" if entry.holds else "does not hold"
            who, why = safe_text(entry.by), f"{said}, reference {safe_text(entry.reference)}"
        state, note = reviewed.states.get(entry.id) or ("", until(entry, today, who))
        state = state or ("expired" if has_expired(entry, today) else "in force")
        line = f"{entry.id}  {state}  {entry.expires}  {entry.check}  {say_target(entry.target)}  {who}  {why}"
        print(f"{line}  [{note}]" if note else line)


@waivers.command("check", cls=SettledCommand)
def check_files(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE", help="Waiver files; default iotscan.waivers.yaml.")
    ] = None,
    expiring: Annotated[str, typer.Option(metavar="DAYS", help="Complain of what expires within 30d, say.")] = "0d",
    run: RunName = "",
    as_of: AsOf = "",
    folders: shared.CheckFolders = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Exit 1 when an entry has expired or is over-broad.

    Also when it expires soon (--expiring), and with --run when it is unused or void. Exit 2 when a file cannot be
    used. A line for each complaint.
    """
    from iotscan.cli.waiver_words import read_days

    days, problems, count = read_days("--expiring", expiring), 0, 0
    for file in files or [DEFAULT]:
        held, reviewed, _ = _review(file, run, as_of, folders, output_dir, expiring=days)
        for problem in reviewed.problems:
            print(f"{file}: {problem}")
        problems += len(reviewed.problems)
        count += len(held.entries)
    if not problems:
        print(f"{count} {'entry' if count == 1 else 'entries'}, nothing to mend")
    raise typer.Exit(1 if problems else 0)


@waivers.command("prune", cls=SettledCommand)
def prune(
    file: FileName = DEFAULT,
    run: RunName = "",
    as_of: AsOf = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")] = False,
    folders: shared.CheckFolders = None,
    output_dir: shared.OutputDir = shared.OUTPUT,
) -> None:
    """Take out what has expired or is unused.

    Unused only with --run; nothing else in the file changes. A waiver is unused where its check was assessed and
    nothing fails; what a run does not tell stays.
    """
    from iotscan.assess.waiving import say_target
    from iotscan.cli.waiving import replace_text
    from iotscan.data.waiver_text import drop_entries, read_text

    held, reviewed, _ = _review(file, run, as_of, folders, output_dir)
    going = [e for e in held.entries if e.id in reviewed.removable]
    if going and not dry_run:
        replace_text(file, drop_entries(read_text(file), {e.id for e in going}, file))
    for entry in going:
        what = f"{entry.id}: {entry.check} on {say_target(entry.target)}, until {entry.expires}"
        print(f"{'would remove' if dry_run else 'removed'} {what}")
    if not going:
        print("nothing to remove")


def _review(
    file: Path,
    run: str,
    as_of: str,
    folders: list[Path] | None,
    output: Path,
    *,
    expiring: int = 0,
) -> "tuple[WaiverFile, Reviewed, date]":
    from iotscan.assess.attesting import known_checks
    from iotscan.assess.registry import load_checks
    from iotscan.assess.reviewing import review
    from iotscan.cli.waiver_words import read_day
    from iotscan.cli.waiving import clock, require_file
    from iotscan.data.waiver_file import read_waivers
    from iotscan.store.runs import read_run

    checks = load_checks(tuple(folders or ())).checks
    held = read_waivers(require_file(file), known_checks(checks), today=clock())
    stored: Run | None = read_run(run, output) if run else None
    today = read_day("--as-of", as_of) if as_of else clock()
    return held, review(held, checks, stored, today=today, expiring=expiring), today
