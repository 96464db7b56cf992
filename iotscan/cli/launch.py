"""From what the user wished to a scan under way, and from its end to an exit code."""

import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio
import msgspec

from iotscan.cli.interruption import code_of, heeding_signals
from iotscan.cli.live import LiveList, can_draw
from iotscan.cli.output import Display, Wanted, present, read_formats, refuse_for_inventory
from iotscan.cli.pipe import tell, while_somebody_listens
from iotscan.cli.prepare import Prepared, prepare, prepare_lab
from iotscan.cli.progress import Progress
from iotscan.cli.recipe import resume
from iotscan.cli.rehearsed import check_rehearsal, tell_rehearsal
from iotscan.cli.remembering import keep, with_recall
from iotscan.cli.terms import Gating
from iotscan.model.errors import BadInput
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.run import Notice, Run
from iotscan.scan.secret_files import SECRETS
from iotscan.store.claim import claimed
from iotscan.store.history.folder import LEFT_OUT, leave_out
from iotscan.store.runs import read_run

if TYPE_CHECKING:
    from iotscan.cli.watch import Pacing

INCOMPLETE = 3


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``scan`` and ``discover`` as given."""

    command: Literal["scan", "discover"] = "scan"
    targets: tuple[str, ...] = ()
    scope: Path | None = None
    from_nmap: tuple[Path, ...] = ()
    from_file: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    backends: tuple[str, ...] = ()
    """Servers that devices talk to, as HOST or HOST:PORT."""
    resolver: str = ""
    """The address that is asked about the names of back ends; that of this machine where it is empty."""
    backend_credentials: Path | None = None
    lab: bool = False
    ports: str = ""
    default_creds: bool = False
    dry_run: bool = False
    """Tell which logins would be tried, and try none."""
    intrusive: bool = False
    fetch_revocation: bool = False
    """Fetch CRLs and OCSP responses that certificates name, as far as that is in scope."""
    credentials: tuple[Path, ...] = ()
    trust_stores: tuple[Path, ...] = ()
    crls: tuple[Path, ...] = ()
    ocsp_responses: tuple[Path, ...] = ()
    trusted: tuple[Path, ...] = ()
    communities: Path | None = None
    fingerprints: tuple[Path, ...] = ()
    """Folders of further rules that tell products."""
    nmap: bool = False
    """Ask the installed nmap about services that nothing of ours recognises."""
    identity: Path | None = None
    """The file that says which addresses are one device."""
    images: tuple[str, ...] = ()
    """Runs of images that are judged together with the network."""
    profile: str = "default"
    include: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    gating: Gating = Gating()
    formats: tuple[str, ...] = ()
    output: Path
    resume: str = ""
    since: str = ""
    """An earlier list of devices to compare with; for a scan, an earlier scan to go back to, too."""
    max_hosts: int = 4096
    timeout: float = 2.0
    deadline: float = 0.0
    listen: float = 0.0
    yes: bool = False
    no_history: bool = False
    """Neither ask the history of runs nor be taken into it."""


class _Ended(msgspec.Struct):
    """How a scan ended: its run, and the signal that cut it short (0 for none)."""

    run: Run
    signal: int = 0


def launch(wish: Wish, display: Display, *, progress: bool, pacing: "Pacing | None" = None) -> int:
    """Check everything, scan, present; the exit code. Raises BadInput before anything is sent.

    With ``pacing`` it is a watch, and one scan follows the other.
    """
    wanted = read_formats(wish.formats, wish.output)
    if wish.command == "discover":
        refuse_for_inventory(wanted)
    if wish.dry_run:
        check_rehearsal(wish, wanted, display)
    if pacing is not None:
        from iotscan.cli.events import require_lines

        require_lines(wanted)
    earlier = _earlier_list(wish)
    with ExitStack() as stack:
        prepared = _prepare(wish, stack)
        if display.quiet < 2:
            tell_of_secrets(prepared.request.header.notices)
        planned: list[PlannedLogin] = []
        if wish.dry_run:
            prepared = rehearsing(prepared, planned.append)
        prepared = _remembering(prepared, wish, display)
        if pacing is not None:
            from iotscan.cli.watch import watch

            return watch(wish, prepared, display, pacing, earlier, wanted=wanted, progress=progress)
        with _progress(wish, display, enabled=progress) as eyes:
            ended = anyio.run(_scan, prepared, eyes)
    if wish.dry_run:
        tell_rehearsal(ended.run, planned, wanted, display)
        return code_of(ended.signal) if ended.signal else 0 if ended.run.devices else INCOMPLETE
    if not wish.no_history:
        keep(ended.run, prepared.request.folder, is_told=display.quiet < 2)
    present(ended.run, wanted, display, prepared.request.folder.parent)
    if earlier is not None:
        _tell_since(earlier, ended.run, wanted, display)
    if display.quiet < 2:
        tell(f"run kept in {prepared.request.folder}; audit root {ended.run.audit_root}")
    return exit_code(ended.run, ended.signal, prepared.request.folder)


def tell_of_secrets(notices: Iterable[Notice]) -> None:
    """Before anything is sent: which of the user's files of secrets others may read."""
    for notice in notices:
        if notice.about == SECRETS:
            tell(f"warning: {notice.text}")


def rehearsing(prepared: Prepared, rehearse: Callable[[PlannedLogin], None]) -> Prepared:
    """The scan as one that tries no login and tells which."""
    request = msgspec.structs.replace(prepared.request, rehearse=rehearse)
    return msgspec.structs.replace(prepared, request=request)


def _remembering(prepared: Prepared, wish: Wish, display: Display) -> Prepared:
    """The scan as one that is judged with what the history knows, and goes into it; or as one that does neither."""
    request = prepared.request
    if wish.no_history or wish.dry_run:
        leave_out(request.folder)
    if (request.folder / LEFT_OUT).exists() or wish.command == "discover":
        return prepared
    terms = with_recall(request.terms, request.folder.parent, is_told=display.quiet < 2)
    return msgspec.structs.replace(prepared, request=msgspec.structs.replace(request, terms=terms))


def exit_code(run: Run, cut_by: int, folder: Path) -> int:
    """The code of a run that ended; an interruption says how to go on."""
    if cut_by:
        tell(f"interrupted; go on with: iotscan scan --resume {folder}")
        return code_of(cut_by)
    return run.verdict.exit_code if run.verdict else INCOMPLETE


def _prepare(wish: Wish, stack: ExitStack) -> Prepared:
    if wish.resume:
        if wish.targets or wish.lab or wish.from_nmap or wish.from_file or wish.backends:
            raise BadInput("--resume takes its targets from the interrupted run: give no others")
        request, earlier = resume(wish, stack)
        return Prepared(request=request, earlier=earlier)
    if wish.lab:
        if wish.scope:
            raise BadInput("the practice network is this machine's own: it takes no scope file")
        if wish.targets or wish.from_nmap or wish.from_file or wish.backends:
            raise BadInput("--lab scans the practice network alone: give either --lab or targets")
        prepared = prepare_lab(wish, stack)
    else:
        prepared = anyio.run(prepare, wish)
    stack.enter_context(claimed(prepared.request.folder))
    return prepared


async def _scan(prepared: Prepared, watch: Progress | LiveList) -> _Ended:
    from iotscan.scan.pipeline import Scan

    scan = Scan(prepared.request, watch, prepared.earlier)
    run, caught = await heeding_signals(scan.run, scan.interrupt, watch.end)
    return _Ended(run=run, signal=caught)


def _progress(wish: Wish, display: Display, *, enabled: bool) -> Progress | LiveList:
    if enabled and wish.command == "discover" and display.quiet == 0 and can_draw(display):
        return LiveList(display)
    return Progress(display, enabled=enabled, judges=wish.command != "discover")


def _earlier_list(wish: Wish) -> Run | None:
    """The list that this discovery, or the scan that this scan, is compared with. Raises BadInput."""
    from iotscan.scan.tables import read_list

    if not wish.since:
        return None
    return read_list(wish.since, wish.output) if wish.command == "discover" else read_run(wish.since, wish.output)


def _tell_since(earlier: Run, run: Run, wanted: Sequence[Wanted], display: Display) -> None:
    """Say what differs from an earlier list, where the person's report went."""
    from iotscan.assess.comparing import compare
    from iotscan.model.redaction import without_secrets
    from iotscan.report.difference import sentence, text
    from iotscan.report.words import typewritten

    told = compare(*without_secrets((earlier, run)))
    words = f"since {earlier.id}: {sentence(told)}\n" if display.quiet else "\n" + text(told)
    if display.quiet < 2:
        stream = sys.stderr if any(w.path is None for w in wanted) else sys.stdout
        with while_somebody_listens():
            stream.write(typewritten(words) if display.ascii else words)
            stream.flush()
