"""Hosts that a file lists: what an earlier tool or run found, as a place to begin. Nothing in it is believed.

Each address is a target like one on the command line, so it has to be in scope; each port is one more that is knocked
on. Whether the host is there, and what it is, only the scan says.
"""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.scope import Address, Fence, canonical, zone_of
from iotscan.model.text import safe_text
from iotscan.observe.network.attached import interface_called
from iotscan.observe.network.ports import FRAGILE
from iotscan.scan.request import Plan
from iotscan.wire.nmap_xml import LIMIT, NotNmap, read_nmap

PORTS: Final = 256
"""Ports that a list adds at one address."""
_COLUMNS: Final = ("address", "ip", "ip address", "ip_address", "ipv4", "ipv4 address", "host")
"""What inventories call the column of the address, in lower case."""
_ROWS: Final = 100_000


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses in the order of the file, the TCP ports that were open at each, and what was left out."""

    addresses: tuple[str, ...]
    ports: dict[str, tuple[int, ...]] = {}
    notices: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    """What a report calls the lists."""


def listed_in(nmap: Iterable[Path], inventories: Iterable[Path]) -> Listed:
    """What files list: those of ``nmap -oX`` the hosts that were up; runs of iotscan (JSON) and tables (CSV) with a
    column of addresses all of them. Raises BadInput for a file that is none, or lists none.
    """
    return _joined((*map(_of_nmap, nmap), *map(_of_inventory, inventories)))


def with_listed(added: dict[str, tuple[int, ...]], fence: Fence, plan: Plan) -> dict[str, tuple[int, ...]]:
    """The ports that images add, and those that lists do: at addresses and ports that the scope allows."""
    if plan.only_these_ports:
        return added
    usual = frozenset(plan.tcp) | FRAGILE
    joined = dict(added)
    for address, wanted in plan.listed_ports.items():
        more = tuple(p for p in wanted if p not in usual and fence.allows(canonical(address), p))
        if more:
            joined[address] = tuple(dict.fromkeys((*added.get(address, ()), *more)))
    return joined


def _of_nmap(path: Path) -> Listed:
    shown, data = _read(path, "--from-nmap")
    try:
        scan = read_nmap(data)
    except NotNmap as error:
        raise BadInput(f"--from-nmap {shown}: {error}") from error
    notices = (f"{shown}: {scan.problem}; the hosts before count",) if scan.problem else ()
    ports = {host.address: host.tcp for host in scan.hosts}
    return _listed("--from-nmap", shown, ports, notices)


def _of_inventory(path: Path) -> Listed:
    shown, data = _read(path, "--from-file")
    if data.lstrip()[:1] == b"{":
        return _listed("--from-file", shown, _of_run(path, shown), ())
    return _listed("--from-file", shown, dict.fromkeys(_of_table(data, shown), ()), ())


def _of_run(path: Path, shown: str) -> dict[str, tuple[int, ...]]:
    from iotscan.store.runs import read_run

    run = read_run(str(path), path.parent)
    if not run.devices:
        raise BadInput(f"--from-file {shown} is a run without devices: give one of scan or discover")
    return {
        address: tuple(s.port for s in device.services if s.transport == "tcp")
        for device in run.devices
        for address in device.addresses
    }


def _of_table(data: bytes, shown: str) -> list[str]:
    if len(data) > LIMIT:
        raise BadInput(f"--from-file {shown} is larger than {LIMIT >> 20} MiB: split it")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"--from-file {shown} is neither a run of iotscan nor a table in UTF-8") from error
    try:
        sample = text[:4096]
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        dialect = csv.excel
    rows = csv.reader(io.StringIO(text), dialect)
    found: list[str] = []
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        column = next((header.index(name) for name in _COLUMNS if name in header), None)
        if column is None:
            raise BadInput(f"--from-file {shown} has no column '{_COLUMNS[0]}' or '{_COLUMNS[1]}' in its first line")
        for number, row in enumerate(rows):
            if number >= _ROWS:
                raise BadInput(f"--from-file {shown} has more than {_ROWS:,} lines: split it")
            found += [row[column].strip()] if len(row) > column and row[column].strip() else []
    except csv.Error as error:
        raise BadInput(f"--from-file {shown} is no table: {safe_text(str(error), 80)}") from error
    return found


def _read(path: Path, option: str) -> tuple[str, bytes]:
    shown = safe_text(str(path), 200)
    try:
        with path.open("rb") as file:
            return shown, file.read(LIMIT + 1)
    except OSError as error:
        raise BadInput(f"{option} {shown} cannot be read: {error.strerror}") from error


def _listed(option: str, shown: str, hosts: dict[str, tuple[int, ...]], notices: tuple[str, ...]) -> Listed:
    found: dict[str, tuple[int, ...]] = {}
    left_out = networks = 0
    for word, ports in hosts.items():
        if "/" in word:
            networks += 1
            continue
        try:
            address = canonical(word)
        except ValueError:
            left_out += 1
            continue
        if not _says_where(address):
            left_out += 1
            continue
        found[str(address)] = tuple(port for port in ports if port not in FRAGILE)[:PORTS]
    if networks:
        notices = (*notices, f"{shown}: {networks} networks were left out, of any size: give them as targets")
    if left_out:
        notices = (*notices, f"{shown}: {left_out} entries without an address that can be scanned were left out")
    if not found:
        why = "; ".join(notice.removeprefix(f"{shown}: ") for notice in notices)
        raise BadInput(f"{option} {shown} lists no host with an address that can be scanned{why and f': {why}'}")
    ports_of = {address: ports for address, ports in found.items() if ports}
    return Listed(addresses=tuple(found), ports=ports_of, notices=notices, shown=(f"{option} {shown}",))


def _says_where(address: Address) -> bool:
    """False for a link-local address that does not name a link of this machine: on another it is another device's."""
    zone = zone_of(address)
    if address.version == 4 or not address.is_link_local:
        return not zone
    return zone != "" and interface_called(zone) == zone


def _joined(lists: Iterable[Listed]) -> Listed:
    addresses: dict[str, None] = {}
    ports: dict[str, tuple[int, ...]] = {}
    notices: list[str] = []
    shown: list[str] = []
    for one in lists:
        addresses |= dict.fromkeys(one.addresses)
        for address, wanted in one.ports.items():
            ports[address] = tuple(dict.fromkeys((*ports.get(address, ()), *wanted)))[:PORTS]
        notices += one.notices
        shown += one.shown
    return Listed(addresses=tuple(addresses), ports=ports, notices=tuple(notices), shown=tuple(shown))
