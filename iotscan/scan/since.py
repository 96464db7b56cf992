"""What an earlier scan learned, for one that goes back to it: by address, with the MAC address of then."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from iotscan.model.run import Notice, Run
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.unit import Unit
from iotscan.store.journal import read_journal

OLDEST: Final = timedelta(days=7)
"""What was seen longer ago is asked anew."""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier scan: its header, the units of each address that are young enough, and the MACs of then."""

    header: Run
    units: dict[str, tuple[Unit, ...]] = {}
    macs: dict[str, str] = {}

    def of(self, address: str, mac: str) -> tuple[Unit, ...]:
        """What is known of an address; nothing where another machine has it now. ``mac`` may be empty: not known."""
        then = self.macs.get(address, "")
        return () if mac and then and mac != then else self.units.get(address, ())

    def without(self, probes: Collection[str]) -> "Earlier":
        """The same, with nothing of these probes: what they are asked by has changed."""
        kept = {a: tuple(u for u in units if u.name.split(" ")[0] not in probes) for a, units in self.units.items()}
        return msgspec.structs.replace(self, units=kept)


def read_earlier(folder: Path, now: datetime) -> Earlier:
    """The scan whose journal is in ``folder``. Raises BadInput."""
    header, entries = read_journal(folder, msgspec.json.Decoder(Found | Unit))
    units: dict[str, tuple[Unit, ...]] = {}
    for unit in entries:
        if isinstance(unit, Unit) and now - _moment(seen := _seen(unit, header)) <= OLDEST:
            units[unit.address] = (*units.get(unit.address, ()), msgspec.structs.replace(unit, seen=seen))
    macs = {found.address: found.mac for found in entries if isinstance(found, Found) and found.mac}
    return Earlier(header=header, units=units, macs=macs)


def _seen(unit: Unit, header: Run) -> str:
    return unit.seen or min((o.at for o in unit.observations if o.at), default=header.started)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def since_notices(earlier: Earlier | None, units: Iterable[Unit]) -> Iterator[Notice]:
    """What of this run is that of an earlier one, in words."""
    if earlier is None:
        return
    taken = [unit for unit in units if unit.seen]
    services = {(unit.address, a.subject.service) for unit in taken for a in unit.attempts}
    if not taken:
        yield Notice(about="since", text=f"no service shows itself as in {earlier.header.id}: all was asked anew")
        return
    text = (
        f"{len(services)} services show themselves as in {earlier.header.id}: what TLS they accept, their certificates "
        f"and the logins they refused are of {min(unit.seen for unit in taken)} or later; all else was asked anew"
    )
    yield Notice(about="since", text=text)
