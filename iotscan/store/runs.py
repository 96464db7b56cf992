"""Run files on disk: where a run lives, how it is written whole, how it is read back."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.run import SCHEMA, Run

NAME = "run.json"
SIZE_LIMIT = 1 << 30
_AT_ONCE = 1000
"""Things of a run that are text at one time."""


class BadRun(BadInput):
    """A run file that cannot be used: says what is wrong and what to do."""


class Unwritable(BadInput):
    """The place for results cannot be written: says which and why. Raised before anything is sent."""


class _Envelope(msgspec.Struct):
    schema: str


class _Made(msgspec.Struct):
    command: str


def new_run_id(now: datetime | None = None) -> str:
    """A run id that sorts by time: ``20261122T191200Z-3fa9c1``."""
    moment = now or datetime.now(UTC)
    return f"{moment.strftime('%Y%m%dT%H%M%SZ')}-{secrets.token_hex(3)}"


def make_folder(parent: Path, run_id: str) -> Path:
    """Make the folder of a run (mode 0700) below ``parent``. Raises :class:`Unwritable`."""
    folder = parent / run_id
    try:
        folder.mkdir(parents=True, mode=0o700)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unwritable(
            f"results cannot be written to {folder} ({error.strerror}): choose another --output-dir"
        ) from error
    return folder


def write_run(folder: Path, run: Run) -> Path:
    """Write ``run.json`` whole or not at all: to a new file, synced, then renamed over the old one."""
    return _write_pieces(folder / NAME, _told(run))


def _told(run: Run) -> Iterator[bytes]:
    """A run as indented JSON, a piece at a time: whole, it would be in memory once as it is and twice as text."""
    before = b"{\n"
    for field in msgspec.structs.fields(run):
        value = getattr(run, field.name)
        yield before + msgspec.json.encode(field.encode_name).join((b"  ", b": "))
        if isinstance(value, tuple) and value:
            yield from _listed(value)
        else:
            yield _indented(value)
        before = b",\n"
    yield b"\n}\n"


def _listed(items: tuple[object, ...]) -> Iterator[bytes]:
    before = b"[\n"
    for start in range(0, len(items), _AT_ONCE):
        some = _indented(items[start : start + _AT_ONCE])
        yield before + some.removeprefix(b"[\n").removesuffix(b"\n  ]")
        before = b",\n"
    yield b"\n  ]"


def _indented(value: object) -> bytes:
    # No text of JSON holds the end of a line (RFC 8259, section 7).
    return msgspec.json.format(msgspec.json.encode(value), indent=2).replace(b"\n", b"\n  ")


def write_whole(path: Path, content: bytes) -> Path:
    """Put ``content`` at ``path`` atomically with mode 0600; a link there is replaced, not followed."""
    return _write_pieces(path, (content,))


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> Path:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except OSError as error:
        # A part of it is nothing to keep, least of all where there is no room.
        with suppress(OSError):
            fresh.unlink()
        raise Unwritable(f"{path} cannot be written ({error.strerror}): choose another place") from error
    return path


def is_stream(path: Path) -> bool:
    """True for what a report is written into as it is: a device, a pipe, ``/dev/stdout``. Never raises."""
    if Path(os.path.abspath(path)).is_relative_to("/dev") or Path(os.path.abspath(path)).is_relative_to("/proc"):
        return os.path.lexists(path)
    try:
        kind = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def write_report(path: Path, content: bytes) -> None:
    """Put a report where the user wants it. Raises :class:`Unwritable`.

    As :func:`write_whole`; but a stream is written into: a new file in place of ``/dev/null`` would be the end of it.
    """
    if not is_stream(path):
        write_whole(path, content)
        return
    try:
        # A pipe that nobody reads is an error to tell, no reason to wait.
        sink = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        os.set_blocking(sink, True)
        with os.fdopen(sink, "wb") as stream:
            stream.write(content)
    except OSError as error:
        raise Unwritable(f"{path} cannot be written ({error.strerror}): choose another place") from error


def find_run(named: str, output: Path, *, holding: str = NAME) -> Path:
    """The folder or file a user means: a path, a run id below ``output``, or ``latest``. Raises BadRun.

    ``latest`` is the newest folder with a file named ``holding``.
    """
    path = Path(named)
    if path.exists():
        return path
    if (output / named).is_dir() and "/" not in named:
        return output / named
    if named == "latest" and (newest := _newest(output, holding)) is not None:
        return newest
    raise BadRun(f"there is no run '{named}': give a run file, its folder, an id below {output}/, or 'latest'")


def _newest(output: Path, holding: str) -> Path | None:
    found = sorted(output.glob(f"*/{holding}"), key=_age)
    return found[-1].parent if found else None


def _age(path: Path) -> tuple[str, int, str]:
    """A sort key: by the second in the run's id, within it by when the file was written."""
    second = path.parent.name.partition("-")[0]
    return second, path.stat().st_mtime_ns, path.parent.name


def read_run(named: str, output: Path) -> Run:
    """Load a stored run by path, id or ``latest``. Raises :class:`BadRun`."""
    return read_sealed(named, output)[0]


def read_sealed(named: str, output: Path) -> tuple[Run, str]:
    """A stored run, and the SHA-256 (hex) of the very bytes that were read. Raises :class:`BadRun`."""
    place = find_run(named, output)
    path = place / NAME if place.is_dir() else place
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise BadRun(f"{path} is larger than 1 GiB: this is no run file")
        # What the user names may be a pipe, as <(zcat run.json.gz).
        raw = read_bytes(path) if path != place else path.read_bytes()
    except OSError as error:
        hint = "" if path == place else "; the scan may not have ended: iotscan scan --resume " + str(place)
        raise BadRun(f"{path} cannot be read ({error.strerror}){hint}") from error
    return decode_run(raw, str(path)), hashlib.sha256(raw).hexdigest()


def read_bytes(path: Path) -> bytes:
    """The bytes of a run file; a folder of runs may be somebody else's. Raises OSError, and BadRun for what is none."""
    # A pipe would keep us waiting for whoever writes into it, a device has no end.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BadRun(f"{path} is no file")
        if status.st_size > SIZE_LIMIT:
            raise BadRun(f"{path} is larger than 1 GiB: this is no run file")
        return file.read()


def latest_image_run(output: Path) -> Path | None:
    """The folder of the newest run of images below ``output``; None without one. What cannot be read is passed over."""
    for path in sorted(output.glob(f"*/{NAME}"), key=_age, reverse=True):
        try:
            command = msgspec.json.decode(read_bytes(path), type=_Made).command
        except (OSError, BadRun, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if command == "image":
            return path.parent
    return None


def decode_run(raw: bytes, where: str) -> Run:
    """Decode a run file; ``where`` names it in errors. Raises :class:`BadRun`."""
    try:
        schema = msgspec.json.decode(raw, type=_Envelope).schema
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRun(f"{where} is no whole run file ({error}): it may be cut off; run the scan again") from error
    if schema != SCHEMA:
        raise BadRun(f"{where} has schema '{schema[:60]}', this iotscan reads {SCHEMA}: use the version that wrote it")
    try:
        return msgspec.json.decode(raw, type=Run)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRun(f"{where} does not hold what {SCHEMA} promises: {error}") from error
