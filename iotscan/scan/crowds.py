"""More addresses than there are devices: one MAC that answers for a whole range, a link without end."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from iotscan.observe.network.discovery.connect import BLOCK
from iotscan.observe.network.discovery.found import MANY, Found

_SHOWN: Final = 4


class Crowds:
    """Holds back the addresses of one MAC beyond :data:`MANY` until they answer themselves; of all, takes ``most``.

    A router that answers ARP for what it leads to (proxy ARP, RFC 1027), a tarpit, or a host with a whole IPv6 prefix
    would otherwise have each address of a range asked everything, though nobody is there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_mac: dict[str, set[str]] = {}
        self._taken: set[str] = set()
        self._held: dict[str, Found] = {}
        self._asked: frozenset[str] = frozenset()
        self.left_out = 0
        """Addresses beyond ``most``; one that is found twice counts twice."""

    def take(self, found: Found) -> bool:
        """Whether what was found may be believed now."""
        if found.address in self._taken:
            return True
        if found.mac and not self._is_one_of_few(found):
            if len(self._held) < self._most:
                self._held[found.address] = found
            else:
                self.left_out += 1
            return False
        if len(self._taken) >= self._most:
            self.left_out += 1
            return False
        self._taken.add(found.address)
        self._held.pop(found.address, None)
        return True

    def _is_one_of_few(self, found: Found) -> bool:
        own = self._by_mac.setdefault(found.mac, set())
        if found.address not in own and len(own) >= MANY:
            return False
        own.add(found.address)
        return True

    def some(self) -> tuple[str, ...]:
        """Addresses that nothing but a MAC of many stands for, to be asked themselves, as many as go at once."""
        some = tuple(islice(self._held, BLOCK))
        self._asked = frozenset(some)
        return some

    @property
    def shortfall(self) -> str:
        """Why who is not listed may be there all the same, however he was looked for; empty where nobody was left out.

        Without it whoever makes up enough addresses would have others called gone.
        """
        return f"more than {self._most:,} addresses answered" if self.left_out else ""

    def notices(self) -> Iterator[str]:
        """What a reader must know of it."""
        by_mac: dict[str, list[str]] = {}
        for address, found in self._held.items():
            by_mac.setdefault(found.mac, []).append(address)
        for mac in islice(by_mac, _SHOWN):
            silent = by_mac[mac]
            unasked = sum(address not in self._asked for address in silent)
            more = f"; {unasked:,} of them were not asked" if unasked else ""
            yield (
                f"{mac} answers for {MANY} addresses and {len(silent):,} more, of which nothing else shows that "
                f"anybody is there: not listed as devices{more}"
            )
        if len(by_mac) > _SHOWN:
            yield f"{len(by_mac) - _SHOWN:,} more MAC addresses answer for more than {MANY} addresses"
        if self.left_out:
            yield f"more than {self._most:,} addresses answered (--max-hosts): the others were left out"
