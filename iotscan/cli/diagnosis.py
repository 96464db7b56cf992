"""What ``iotscan doctor`` looks at: one function a question, each with an answer and a next step.

Nothing here sends anything to a network, writes a file, or makes a folder.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

RELEASED: Final = 2026
"""The year of this release: no clock that is right shows an earlier one."""
OLDEST_PYTHON: Final = (3, 11)
OLDEST_EXPAT: Final = (2, 6, 0)
"""The first that is not slowed down by one endless token (CVE-2023-52425)."""
NEEDED: Final = (
    *("typer", "rich", "msgspec", "anyio", "pyyaml", "h11", "zeroconf", "asyncssh"),
    *("sslyze", "cryptography", "psutil"),
)
EXTRAS: Final = {
    "libpass": ("image", "extra image", "password hashes of images are not compared with documented defaults"),
    "typst": ("report", "report as pdf", "reports cannot be written as PDF; HTML, Word and Markdown can"),
}
"""Distribution to extra, name of the answer, and what is not done without it."""
LITTLE_SPACE: Final = 200 << 20
"""Bytes. A run of 500 devices takes some tens of MiB."""
WORKER_SECONDS: Final = 20.0
_NO_FRAMES: Final = bytes.fromhex("d4c3b2a1 0200 0400 00000000 00000000 00000400 01000000")
"""The head of a pcap file of Ethernet frames."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """An answer. ``fail``: the default scan cannot do without; ``next`` is what to do, empty when nothing is."""

    name: str
    status: Literal["ok", "warn", "fail"] = "ok"
    text: str
    next: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where results would go, and which settings count."""

    output: Path
    config: Path | None = None
    look: bool = True


Question = Callable[[Place], Iterator[Finding]]


def diagnose(place: Place) -> tuple[Finding, ...]:
    """Ask every question; one that breaks is an answer, too."""
    found: list[Finding] = []
    for question in QUESTIONS:
        try:
            found += question(place)
        except Exception as error:
            name = question.__name__.strip("_").replace("_", " ")
            text = f"could not be found out ({type(error).__name__})"
            found.append(Finding(name=name, status="warn", text=text, next="tell us: the doctor has a bug"))
    return tuple(found)


def _versions(_: Place) -> Iterator[Finding]:
    from iotscan import __version__

    yield Finding(name="iotscan", text=f"{__version__} in {Path(__file__).parents[1]}")
    said = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Finding(name="python", status="fail", text=said, next="install Python 3.11 or newer")
    else:
        yield Finding(name="python", text=f"{said} on {sys.platform}")


def _libraries(_: Place) -> Iterator[Finding]:
    versions = {name: _version(name) for name in NEEDED}
    missing = [name for name, version in versions.items() if not version]
    if missing:
        yield Finding(
            name="libraries",
            status="fail",
            text=f"missing: {', '.join(missing)}",
            next="install iotscan again: pipx reinstall iotscan",
        )
    else:
        yield Finding(name="libraries", text=", ".join(f"{name} {version}" for name, version in versions.items()))
    for name, (extra, about, loss) in EXTRAS.items():
        if version := _version(name):
            yield Finding(name=about, text=f"{name} {version}")
        else:
            step = f"pip install 'iotscan[{extra}]' if you want it"
            yield Finding(name=about, status="warn", text=f"{name} is not installed: {loss}", next=step)


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _expat(_: Place) -> Iterator[Finding]:
    import pyexpat

    if pyexpat.version_info < OLDEST_EXPAT:
        yield Finding(
            name="xml parser",
            status="warn",
            text=f"expat {'.'.join(map(str, pyexpat.version_info))}: a hostile device could slow it down",
            next="use a Python with expat 2.6 or newer, unless your distribution has mended this one",
        )
    else:
        yield Finding(name="xml parser", text=f"expat {'.'.join(map(str, pyexpat.version_info))}")


def _nmap(_: Place) -> Iterator[Finding]:
    import shutil

    found = shutil.which("nmap")
    text = f"{found}; asked with --nmap alone" if found else "not there; needed for --nmap alone"
    yield Finding(name="nmap", text=text)


def _privilege(_: Place) -> Iterator[Finding]:
    if sys.platform != "linux":
        yield Finding(name="raw frames", text="need Linux; devices are found without them")
        return
    from iotscan.observe.network.helper.status import look

    found = look()
    yield Finding(name="raw frames", status="ok" if found.works else "warn", text=found.text, next=found.next)


def _networks(_: Place) -> Iterator[Finding]:
    from iotscan.observe.network.attached import attached_networks, private_networks

    networks = private_networks(attached_networks())
    if networks:
        yield Finding(name="networks", text=", ".join(f"{n.network} ({n.interface})" for n in networks))
    else:
        yield Finding(
            name="networks",
            status="warn",
            text="this machine is attached to no private network",
            next="name a target, or practise with iotscan scan --lab",
        )


def _ipv6(_: Place) -> Iterator[Finding]:
    import socket
    from ipaddress import ip_address

    import psutil

    addresses = [
        a.address for several in psutil.net_if_addrs().values() for a in several if a.family == socket.AF_INET6
    ]
    kinds = [ip_address(word.partition("%")[0]) for word in addresses]
    if any(not (k.is_loopback or k.is_link_local) for k in kinds):
        yield Finding(name="ipv6", text="an address beyond the link is there")
    else:
        yield Finding(name="ipv6", text="link-local only" if any(k.is_link_local for k in kinds) else "no address")


def _loopback(_: Place) -> Iterator[Finding]:
    import socket

    with socket.socket() as listener:
        try:
            listener.bind(("127.77.0.1", 0))
        except OSError as error:
            step = "iotscan scan --lab needs 127.0.0.0/8, as Linux has it"
            yield Finding(name="practice network", status="warn", text=f"not here ({error.strerror})", next=step)
            return
    yield Finding(name="practice network", text="can be started: iotscan scan --lab")


def _state(_: Place) -> Iterator[Finding]:
    from iotscan.store.state import state_path

    folder = state_path()
    if problem := _why_unwritable(folder):
        step = "set IOTSCAN_STATE_DIR or XDG_STATE_HOME to a folder of yours"
        yield Finding(name="state folder", status="fail", text=f"{folder}: {problem}", next=step)
    elif folder.exists() and folder.stat().st_mode & 0o077:
        text = f"{folder} can be read by others: it tells which devices were tried"
        yield Finding(name="state folder", status="warn", text=text, next=f"chmod 700 {folder}")
    else:
        yield Finding(name="state folder", text=str(folder) if folder.exists() else f"{folder} will be made")


def _output(place: Place) -> Iterator[Finding]:
    import shutil

    if problem := _why_unwritable(place.output):
        step = "choose another --output-dir"
        yield Finding(name="output folder", status="fail", text=f"{place.output}: {problem}", next=step)
        return
    yield Finding(name="output folder", text=str(place.output))
    free = shutil.disk_usage(_nearest(place.output)).free
    text = f"{free >> 20} MiB free for results"
    if free < LITTLE_SPACE:
        yield Finding(name="disk space", status="warn", text=text, next="make room: iotscan keeps every run whole")
    else:
        yield Finding(name="disk space", text=text)


def _nearest(folder: Path) -> Path:
    return next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())


def _why_unwritable(folder: Path) -> str:
    nearest = _nearest(folder)
    if not nearest.is_dir():
        return f"{nearest} is a file"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} cannot be written by you"


def _settings(place: Place) -> Iterator[Finding]:
    from iotscan.cli.config import layers
    from iotscan.model.errors import BadInput

    try:
        found = layers(place.config, look=place.look)
    except BadInput as error:
        yield Finding(name="settings", status="fail", text=str(error), next="mend it: every scan refuses it, too")
        return
    said = "; ".join(f"{layer.origin}: {', '.join(layer.values) or 'nothing'}" for layer in found)
    yield Finding(name="settings", text=said or "none but the defaults")


def _clock(_: Place) -> Iterator[Finding]:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    said = now.isoformat(timespec="seconds")
    if now.year < RELEASED:
        step = "set the clock: ages and expiry are judged by it"
        yield Finding(name="clock", status="fail", text=f"{said} is before this release", next=step)
    else:
        yield Finding(name="clock", text=said)


def _terminal(_: Place) -> Iterator[Finding]:
    drawn = sys.stdout.isatty()
    colour = drawn and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    encoding = (getattr(sys.stdout, "encoding", None) or "unknown").lower()
    text = f"{'a terminal' if drawn else 'no terminal: plain lines'}, {'colour' if colour else 'no colour'}, {encoding}"
    if encoding.replace("-", "") != "utf8":
        yield Finding(name="terminal", status="warn", text=text, next="set LANG=C.UTF-8, or use --ascii")
    else:
        yield Finding(name="terminal", text=text)


def _completion(_: Place) -> Iterator[Finding]:
    home = Path.home()
    places = (
        home / ".bash_completions/iotscan.sh",
        home / ".zfunc/_iotscan",
        home / ".config/fish/completions/iotscan.fish",
    )
    found = [str(p) for p in places if p.exists()]
    yield Finding(name="completion", text=found[0] if found else "not installed: iotscan --install-completion does it")


def _worker(_: Place) -> Iterator[Finding]:
    """Start the process that judges certificate chains, and have it judge one that is none."""
    import time

    import anyio

    from iotscan.observe.network.workers.worker import Worker, WorkerError

    async def ask() -> None:
        async with Worker() as worker:
            await worker.call({"do": "trust", "certificates": [""]}, seconds=WORKER_SECONDS)

    begun = time.monotonic()
    try:
        anyio.run(ask)
    except WorkerError as error:
        step = "certificate chains cannot be judged: install iotscan again (sslyze does not start)"
        yield Finding(name="tls worker", status="fail", text=str(error), next=step)
        return
    yield Finding(name="tls worker", text=f"starts and answers in {time.monotonic() - begun:.1f} s")


def _captures(_: Place) -> Iterator[Finding]:
    """Whether captured traffic can be read: by a capture without a frame."""
    import time

    from iotscan.model.errors import BadInput
    from iotscan.observe.traffic.messages import Job
    from iotscan.observe.traffic.process import TrafficProcess

    begun = time.monotonic()
    reading, writing = os.pipe()
    os.write(writing, _NO_FRAMES)
    os.close(writing)
    try:
        heard = TrafficProcess(Job(sources=("-",)), stream=reading).hear()
        problem = heard.captures[0].problem
    except BadInput as error:
        problem = str(error)
    finally:
        os.close(reading)
    if problem:
        step = "captured traffic cannot be read (iotscan traffic): install iotscan again"
        yield Finding(name="captures", status="warn", text=problem, next=step)
        return
    yield Finding(name="captures", text=f"their reader starts and answers in {time.monotonic() - begun:.1f} s")


QUESTIONS: Final[tuple[Question, ...]] = (
    *(_versions, _libraries, _expat, _nmap, _privilege, _networks, _ipv6, _loopback, _worker, _captures),
    *(_state, _output, _settings, _clock, _terminal, _completion),
)
