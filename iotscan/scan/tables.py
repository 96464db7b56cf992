"""Earlier lists of devices to compare with: runs, and tables (CSV) of ours or of others."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

from iotscan.model.device import Device, Service, provisional_id
from iotscan.model.errors import BadInput
from iotscan.model.facts import Claim
from iotscan.model.run import ProfileInfo, Run, Tool
from iotscan.model.scope import Scope, canonical
from iotscan.model.text import safe_text
from iotscan.store.runs import find_run, read_run

LIMIT: Final = 64 << 20
"""Bytes of a table."""
ROWS: Final = 100_000
_ADDRESS: Final = ("address", "ip", "ip address", "ip_address", "ipv4", "ipv4 address", "host")
_MAC: Final = ("mac", "mac address", "mac_address", "hwaddr")
_NAME: Final = ("name", "hostname", "host name", "label")


def read_list(named: str, output: Path) -> Run:
    """A run by path, id or ``latest``, or a table by its path. Raises BadInput.

    A table becomes a run that says of nobody by which ways it looked: whom it does not list was not looked for.
    """
    place = find_run(named, output)
    if place.is_file() and not _begins_like_json(place):
        return _of_table(place)
    return read_run(named, output)


def _begins_like_json(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip()[:1] in (b"{", b"")
    except OSError:
        return True  # the reader of runs says best what is wrong


def _of_table(path: Path) -> Run:
    shown = safe_text(path.name, 80)
    rows = _rows(path, shown)
    devices = dict(_device(row) for row in rows)
    if not devices:
        raise BadInput(f"{shown} lists no device with an address")
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return Run(
        id=shown,
        tool=Tool(version=""),
        status="complete",
        command="discover",
        started=at,
        finished=at,
        as_of=at,
        targets=(),
        # It lists whom it lists: an address that is not in it was not looked at.
        scope=Scope(include=tuple(a for d in devices.values() for a in d.addresses if "%" not in a)),
        scope_sha256="",
        profile=ProfileInfo(id="", version=""),
        devices=tuple(devices.values()),
    )


def _rows(path: Path, shown: str) -> list[dict[str, str]]:
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{shown} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{shown} is neither a run of iotscan nor a table in UTF-8") from error
    if len(data) > LIMIT:
        raise BadInput(f"{shown} is larger than {LIMIT >> 20} MiB: this is no list of devices")
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        reader = csv.reader(io.StringIO(text), dialect)
        header = [cell.strip().lower() for cell in next(reader, [])]
        found = [dict(zip(header, map(_unguarded, row), strict=False)) for row in islice(reader, ROWS + 1)]
    except csv.Error as error:
        raise BadInput(f"{shown} is no table: {safe_text(str(error), 80)}") from error
    if not set(_ADDRESS) & set(header):
        raise BadInput(f"{shown} has no column '{_ADDRESS[0]}' or '{_ADDRESS[1]}' in its first line")
    if len(found) > ROWS:
        raise BadInput(f"{shown} has more than {ROWS:,} lines: split it")
    return [row for row in found if _address(_cell(row, _ADDRESS))]


def _unguarded(cell: str) -> str:
    """A cell of ours without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@'") else text


def _cell(row: Mapping[str, str], columns: tuple[str, ...]) -> str:
    return next((row[name] for name in columns if row.get(name)), "")


def _address(word: str) -> str:
    try:
        return str(canonical(word))
    except ValueError:
        return ""


def _device(row: Mapping[str, str]) -> tuple[str, Device]:
    address = _address(_cell(row, _ADDRESS))
    others = tuple(a for word in row.get("other addresses", "").split() if (a := _address(word)))
    name = safe_text(_cell(row, _NAME), 200)
    return address, Device(
        id=provisional_id(address),
        addresses=tuple(dict.fromkeys((address, *others))),
        mac=_mac(_cell(row, _MAC)),
        claims=(Claim(what="name", value=name, how="table"),) if name and name != address else (),
        services=tuple(s for word in row.get("services", "").split(";") if (s := _service(word.strip()))),
        found_by=tuple(safe_text(w.strip(), 60) for w in row.get("found by", "").split(";") if w.strip()),
    )


def _mac(word: str) -> str:
    digits = "".join(c for c in word.lower() if c not in ":-.")
    if len(digits) != 12 or not all(c in "0123456789abcdef" for c in digits):
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _service(word: str) -> Service | None:
    """``tcp/80 http`` as our tables write it; None for anything else."""
    place, _, protocol = word.partition(" ")
    transport, _, port = place.partition("/")
    if transport not in ("tcp", "udp") or not (port.isascii() and port.isdecimal() and len(port) < 6):
        return None
    if not 0 < int(port) < 65536:
        return None
    return Service(transport=transport, port=int(port), protocol=safe_text(protocol, 40) or "unknown", how="table")
