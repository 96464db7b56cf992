"""A device that accepts every call, says nothing and never hangs up: what a scan must not take for an answer."""

import asyncio

from iotscan.lab.place import Hearing, Place, Speaking

DRIP_SECONDS = 5.0
OPENING = b"HTTP/1.1 200 OK\r\nServer: "


async def hold(reader: Hearing, writer: Speaking) -> None:
    """Swallow what is said until the caller hangs up."""
    while await reader.read(4096):
        pass


async def drip(reader: Hearing, writer: Speaking) -> None:
    """The same, but say one byte of an endless header every five seconds."""
    holding = asyncio.ensure_future(hold(reader, writer))
    said = 0
    try:
        while not (await asyncio.wait((holding,), timeout=DRIP_SECONDS))[0]:
            writer.write(OPENING[said : said + 1] or b"a")
            said += 1
    finally:
        holding.cancel()


async def settle(place: Place) -> None:
    """Listen on ssh, http and https without speaking any of them."""
    await place.listen(22, hold, patience=None)
    await place.listen(80, drip, patience=None)
    await place.listen(443, hold, patience=None)
