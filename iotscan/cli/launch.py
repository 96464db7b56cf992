"""From what the user wished to a scan under way, and from its end to an exit code."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import anyio
import msgspec

from iotscan.cli.output import Display, present, read_formats, refuse_for_inventory
from iotscan.cli.pipe import tell
from iotscan.cli.prepare import Prepared, prepare, prepare_lab
from iotscan.cli.progress import Progress
from iotscan.cli.recipe import resume
from iotscan.cli.terms import Gating
from iotscan.model.errors import BadInput
from iotscan.model.run import Run
from iotscan.store.claim import claimed

INCOMPLETE, INTERRUPTED, TERMINATED = 3, 130, 143


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``scan`` and ``discover`` as given."""

    command: Literal["scan", "discover"] = "scan"
    targets: tuple[str, ...] = ()
    scope: Path | None = None
    from_nmap: tuple[Path, ...] = ()
    from_file: tuple[Path, ...] = ()
    exclude: tuple[str, ...] = ()
    lab: bool = False
    ports: str = ""
    default_creds: bool = False
    intrusive: bool = False
    credentials: tuple[Path, ...] = ()
    trust_stores: tuple[Path, ...] = ()
    trusted: tuple[Path, ...] = ()
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
    max_hosts: int = 4096
    timeout: float = 2.0
    deadline: float = 0.0
    yes: bool = False


class _Ended(msgspec.Struct):
    """How a scan ended: its run, and the signal that cut it short (0 for none)."""

    run: Run
    signal: int = 0


def launch(wish: Wish, display: Display, *, progress: bool) -> int:
    """Check everything, scan, present; the exit code. Raises BadInput before anything is sent."""
    wanted = read_formats(wish.formats, wish.output)
    if wish.command == "discover":
        refuse_for_inventory(wanted)
    with ExitStack() as stack:
        prepared = _prepare(wish, stack)
        with Progress(display, enabled=progress) as watch:
            ended = anyio.run(_scan, prepared, watch)
    present(ended.run, wanted, display, prepared.request.folder.parent)
    if display.quiet < 2:
        tell(f"run kept in {prepared.request.folder}; audit root {ended.run.audit_root}")
    return exit_code(ended.run, ended.signal, prepared.request.folder)


def exit_code(run: Run, cut_by: int, folder: Path) -> int:
    """The code of a run that ended; an interruption says how to go on."""
    if cut_by:
        tell(f"interrupted; go on with: iotscan scan --resume {folder}")
        return INTERRUPTED if cut_by == signal.SIGINT else TERMINATED
    return run.verdict.exit_code if run.verdict else INCOMPLETE


def _prepare(wish: Wish, stack: ExitStack) -> Prepared:
    if wish.resume:
        if wish.targets or wish.lab or wish.from_nmap or wish.from_file:
            raise BadInput("--resume takes its targets from the interrupted run: give no others")
        request, earlier = resume(wish, stack)
        return Prepared(request=request, earlier=earlier)
    if wish.lab:
        if wish.scope:
            raise BadInput("the practice network is this machine's own: it takes no scope file")
        if wish.targets or wish.from_nmap or wish.from_file:
            raise BadInput("--lab scans the practice network alone: give either --lab or targets")
        prepared = prepare_lab(wish, stack)
    else:
        prepared = anyio.run(prepare, wish)
    stack.enter_context(claimed(prepared.request.folder))
    return prepared


async def _scan(prepared: Prepared, watch: Progress) -> _Ended:
    from iotscan.scan.pipeline import Scan

    scan = Scan(prepared.request, watch, prepared.earlier)
    ended = _Ended(run=prepared.request.header)

    async def heed_signals(*, task_status: anyio.abc.TaskStatus[None]) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            task_status.started()
            async for number in signals:
                if ended.signal:
                    # Asked twice: the journal is on disk, there is nothing left to save.
                    watch.end()
                    os._exit(INTERRUPTED)
                ended.signal = number
                tell("stopping; once more to stop at once")
                scan.interrupt()

    async with anyio.create_task_group() as group:
        await group.start(heed_signals)
        ended.run = await scan.run()
        group.cancel_scope.cancel()
    return ended
