"""A large capture read by us and by tshark, in turn, for the names that both tell: seconds, packets, memory.

tshark takes its way for a script: a filter for the packets that name somebody, and their fields; one process, no name
look-ups. Ours does more in its time: fingerprints, chains, tokens, who is a device; and it hashes the file.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median

import msgspec

from bench.table import Row, times
from bench.traffic.mixing import recorded_in, write_mixed
from tests.lan.network import Lan, why_not
from tests.traffic_lab import recording
from tests.traffic_lab.stage import Stage

TURNS = 3
LARGE, SMALL = 1_000_000_000, 100_000_000
SCENES = ("plain_web", "names_and_time", "tls_clients", "tls_unverified", "dtls_clients", "coap_clients", "web_logins")
_NAME = re.compile(r"[\w.:-]+", re.ASCII)
"""A name, and not what tshark makes of noise that it takes for DNS."""
_FIELDS = {
    "tls.handshake.extensions_server_name": "sni",
    "dtls.handshake.extensions_server_name": "sni",
    "http.host": "host",
    "dns.qry.name": "dns",
}


class Took(msgspec.Struct, frozen=True):
    """One run of a program."""

    seconds: float
    peak: int
    """Bytes."""
    said: str


def traffic(env: Mapping[str, str], home: Path) -> list[Row]:
    """The rows about captures; one that says why where they cannot be recorded."""
    tools = {**recording.TOOLS, "tshark": "tshark"}
    for name in SCENES:
        tools |= getattr(_scene(name), "TOOLS", {})
    if reason := why_not(tools):
        return [Row(what="needs root and the tools of the traffic lab", measured="not measured", against=reason)]
    home.mkdir(exist_ok=True)
    talks = [talk for name in SCENES for talk in recorded_in(_recorded(name, home))]
    rows: list[Row] = []
    for title, size, has_bulk in (("mixed", LARGE, True), ("mixed", SMALL, True), ("no bulk", SMALL, False)):
        path = home / "large.pcap"
        with path.open("wb") as into:
            frames = write_mixed(into, talks, size, has_bulk=has_bulk)
        rows += _rows(f"{title}, {size // 10**6:,} MB, {frames:,} packets", path, frames, env)
        path.unlink()
    return rows


def _scene(name: str) -> object:
    return import_module(f"tests.traffic_lab.scenes.{name}")


def _recorded(name: str, home: Path) -> Path:
    folder = home / name
    folder.mkdir()
    path = folder / f"{name}.pcap"
    with Lan(folder) as lan, recording.recorded(recording.wire_of(lan), path):
        _scene(name).play(Stage(lan, path))  # type: ignore[attr-defined]  # a module by its name
    return path


def _rows(title: str, path: Path, frames: int, env: Mapping[str, str]) -> list[Row]:
    ours = (sys.executable, "-m", "bench.traffic", str(path))
    theirs = _tshark(path)
    mine, others = [], []
    for _ in range(TURNS):
        mine.append(_run(ours, env))
        others.append(_run(theirs, env))
    missing = _names_of_tshark(others[-1].said) - set(json.loads(mine[-1].said)["names"])
    one, other = median(took.seconds for took in mine), median(took.seconds for took in others)
    peaks = max(took.peak for took in mine), max(took.peak for took in others)
    return [
        Row(
            what=title,
            measured=f"{one:.1f} s, {frames / one:,.0f}/s",
            against=f"tshark {other:.1f} s, {frames / other:,.0f}/s",
            ratio=times(other, one),
            target="1x",
        ),
        Row(
            what="  peak memory",
            measured=_mib(peaks[0]),
            against=f"tshark {_mib(peaks[1])}",
            ratio=times(peaks[1], peaks[0]),
        ),
        Row(what="  names that only tshark told", measured=", ".join(sorted(missing)) or "none", target="none"),
    ]


def _tshark(path: Path) -> Sequence[str]:
    tshark = shutil.which("tshark") or "tshark"
    words = [tshark, "-n", "-r", str(path), "-Y", " or ".join(_FIELDS), "-T", "fields"]
    return [*words, *(word for field in _FIELDS for word in ("-e", field))]


def _names_of_tshark(said: str) -> set[str]:
    found = set()
    for line in said.splitlines():
        for kind, names in zip(_FIELDS.values(), line.split("\t"), strict=False):
            found |= {f"{kind} {name.lower()}" for name in names.split(",") if _NAME.fullmatch(name)}
    return found


def _run(words: Sequence[str], env: Mapping[str, str]) -> Took:
    began = time.perf_counter()
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    return Took(time.perf_counter() - began, used.ru_maxrss * 1024, said)


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"
