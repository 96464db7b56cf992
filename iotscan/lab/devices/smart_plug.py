"""A smart plug whose maker put the same private key into every unit; one that was maintained has its own."""

from datetime import timedelta

from iotscan.lab.place import Place
from iotscan.lab.tls import over_tls
from iotscan.lab.web import html, pages, serve

MODEL = "Plug P1"


async def settle(place: Place) -> None:
    """Listen on https, with a certificate of its own over the key of all plugs."""
    key = place.workshop.ec_key(f"plug {place.address}" if place.is_maintained else "all plugs")
    unit = place.address.rpartition(".")[2]
    certificate = place.workshop.issue(key, f"plug-p1-{unit}", lifetime=timedelta(days=365), address=place.address)
    site = pages({"/": html(MODEL, "<h1>Plug P1</h1><p>Off.</p>")})
    await place.listen(443, over_tls(place.workshop.context(key, certificate), serve(site, server="plugd/1.4")))
