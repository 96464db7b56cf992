"""The device whose login tries are counted: by its address, and by what it keeps when the address changes."""

import msgspec


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A device as the ledger of tries knows it.

    ``lasting`` is its globally administered MAC address, where that is known and the address's alone; see
    ``docs/decisions/0041-whose-tries-are-counted.md``.
    """

    address: str
    lasting: str = ""

    def is_of(self, address: str, lasting: str) -> bool:
        """Whether a try noted for ``address`` and ``lasting`` may have been made on this device.

        Where both are known by what lasts, that decides: who took over an address inherits nothing. Otherwise the
        address does.
        """
        if self.lasting and lasting:
            return self.lasting == lasting
        return self.address == address
