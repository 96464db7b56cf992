"""A history of 200 runs of 1,000 devices: its questions against bare SQLite queries that fetch the same rows.

``python -m bench.history`` prints the figures of one process; the rows come from such a child, so that its peak
memory is its own.
"""

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench.table import Row, milliseconds, times
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import Certificate, CertificateChain, HostKey, SshServer
from iotscan.model.observation import Observation, observe
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.store.history.database import NAME
from iotscan.store.history.folder import History, history_of
from iotscan.store.history.telling import OF_DEVICE, devices_in, devices_named, everything, runs_in
from iotscan.store.history.trending import trend

RUNS, DEVICES, TURNS = 200, 1000, 3
START = datetime(2026, 1, 1, tzinfo=UTC)
ROTATES = 20
"""Each device has a new key every so many runs."""
SIGHTS = (
    "SELECT s.device, r.run, r.at, s.name, s.label, s.address, s.shown, s.assessed, s.total, s.known_by "
    "FROM sightings s JOIN runs r ON r.id = s.run"
)
MARKS = "SELECT s.device, s.run, b.mark FROM sightings s JOIN borne b ON b.sighting = s.id"
KEYS = (
    "SELECT s.device, s.run, x.service, x.opening, x.key, x.certificate FROM sightings s "
    "JOIN shown x ON x.sighting = s.id"
)


def history(env: Mapping[str, str]) -> list[Row]:
    """The rows about a history."""
    command = (sys.executable, "-m", "bench.history")
    said = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = json.loads(said)
    size = f"{found['bytes'] / 2**20:.0f} MiB, {found['sightings']:,} sightings"
    rows = [
        Row(
            what=f"take in {RUNS} runs ({size})",
            measured=f"{found['taking']:.1f} s",
            against=f"one run {milliseconds(found['taking'] / RUNS)}",
        ),
        Row(
            what="  a run that comes late, the oldest of all",
            measured=f"{found['late']:.1f} s",
            against=f"all {found['taking']:.1f} s",
            ratio=times(found["late"], found["taking"]),
        ),
    ]
    rows += [
        Row(
            what=what,
            measured=milliseconds(ours),
            against=f"bare SQLite {milliseconds(bare)}",
            ratio=times(ours, bare),
        )
        for what, ours, bare in found["queries"]
    ]
    return [*rows, Row(what="peak memory (RSS)", measured=f"{found['peak'] / 2**20:.0f} MiB")]


def made_run(number: int, devices: int = DEVICES) -> Run:
    """A scan of devices with a MAC, a certificate and a host key each, some of which move and rotate."""
    at = (START + timedelta(days=number)).isoformat()
    found = [_device(n, number) for n in range(devices)]
    return Run(
        id=f"run-{number:04}",
        tool=Tool(version="bench"),
        status="complete",
        command="scan",
        started=at,
        finished=at,
        as_of=at,
        targets=("10.0.0.0/16",),
        scope=Scope(include=("10.0.0.0/16",)),
        scope_sha256="",
        profile=ProfileInfo(id="default", version="1"),
        devices=tuple(found),
        observations=tuple(o for n, device in enumerate(found) for o in _seen(n, number, device)),
    )


def _device(number: int, run: int) -> Device:
    # Every tenth device has another address in each run, as DHCP would have it.
    host = number if number % 10 else 10 + (number + run * 7) % 20000
    third, fourth = divmod(host, 250)
    address = f"10.{1 if number % 10 else 2}.{third}.{fourth}"
    return Device(
        id=f"dev-{number:08x}",
        addresses=(address,),
        mac=f"00:11:22:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
    )


def _seen(number: int, run: int, device: Device) -> Iterator[Observation]:
    age = (run + number) // ROTATES
    begin = START - timedelta(days=number)
    key = f"{number:032x}{age:032x}"
    leaf = Certificate(
        subject=f"CN=gateway-{number}",
        issuer="CN=Acme CA",
        serial=f"{number}{age}",
        not_before=begin,
        not_after=begin + timedelta(days=3650),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=f"c{key[1:]}",
        spki_sha256=key,
    )
    chain = CertificateChain(
        certificates=(leaf,), trusted=Answer.of(False), ocsp_stapled=Answer.of(False), engine="hello"
    )
    at = Subject(device=device.id, address=device.address, service="tcp/443")
    yield observe(chain, at, probe="certificate/1")
    keys = (HostKey(algorithm="ssh-ed25519", bits=0, sha256=f"e{number:063x}"),)
    server = SshServer(protocol="2.0", software="x", host_keys=Answer.of(keys))
    yield observe(server, msgspec.structs.replace(at, service="tcp/22"), probe="ssh/1")


def measured() -> dict[str, object]:
    """The figures of this process."""
    with tempfile.TemporaryDirectory(prefix="iotscan-history-") as folder:
        with history_of(Path(folder)) as kept:
            taking = sum(_taking(kept, number) for number in range(1, RUNS))
            late = _taking(kept, 0)
            (sightings,) = kept.database.execute("SELECT count(*) FROM sightings").fetchone()
            kept.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            size = (Path(folder) / NAME).stat().st_size
            queries = [(what, _fastest(ours), _fastest(bare)) for what, ours, bare in _queries(kept)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "taking": taking,
        "late": late,
        "sightings": sightings,
        "bytes": size,
        "queries": queries,
        "peak": peak,
    }


def _taking(kept: History, number: int) -> float:
    run = made_run(number)
    place = kept.output / run.id
    place.mkdir()
    (place / "run.json").touch()
    begin = time.perf_counter()
    kept.take(run, place)
    return time.perf_counter() - begin


def _queries(kept: History) -> Iterator[tuple[str, Callable[[], object], Callable[[], object]]]:
    database = kept.database
    (device,) = devices_named(database, "10.1.0.5")
    one = " WHERE s.device = ?"

    def fetch(*queries: str, given: tuple[int, ...] = ()) -> Callable[[], object]:
        return lambda: [_rows(database, query, given) for query in queries]

    yield (
        "history list",
        lambda: runs_in(database),
        fetch("SELECT * FROM runs ORDER BY at, run"),
    )
    yield (
        "history show DEVICE",
        lambda: devices_in(database, OF_DEVICE, device=device),
        fetch(SIGHTS + one, MARKS + one, KEYS + one, given=(device,)),
    )
    last = RUNS - 20
    yield (
        "history trend, 20 runs, without comparing findings",
        lambda: trend(database, lambda *_: (0, 0), tool="bench"),
        fetch(SIGHTS + f" WHERE r.id > {last}", KEYS + f" WHERE s.run > {last}"),
    )
    fresh = made_run(RUNS + 1)
    yield "what a scan is told of its devices (memory)", lambda: kept.recall(fresh), fetch(MARKS, KEYS)
    yield "history export", lambda: everything(database), fetch(SIGHTS, MARKS, KEYS)


def _rows(database: sqlite3.Connection, query: str, given: tuple[int, ...]) -> int:
    return len(database.execute(query, given).fetchall())


def _fastest(work: Callable[[], object]) -> float:
    times_taken = []
    for _ in range(TURNS):
        begin = time.perf_counter()
        work()
        times_taken.append(time.perf_counter() - begin)
    return min(times_taken)


if __name__ == "__main__":
    print(json.dumps(measured()))
