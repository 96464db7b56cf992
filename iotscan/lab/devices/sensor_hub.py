"""A sensor hub that answers SNMP to the community ``public`` and takes firmware from anybody's browser."""

from iotscan.lab.place import Place
from iotscan.lab.snmp import Agent, ObjectId
from iotscan.lab.web import html, pages, serve

MODEL = "Acme Sensor Hub"
UPLOAD_FORM = """<h1>Firmware update</h1>
<form method="post" action="/update" enctype="multipart/form-data">
<input type="file" name="firmware"><input type="submit" value="Update">
</form>"""
READINGS: dict[ObjectId, bytes] = {
    (1, 3, 6, 1, 2, 1, 1, 1, 0): b"Acme Sensor Hub 2.1, Linux 3.10.14 mips",
    (1, 3, 6, 1, 2, 1, 1, 5, 0): b"sensor-hub",
}
"""sysDescr.0 and sysName.0 (RFC 3418)."""


async def settle(place: Place) -> None:
    """Listen on http and snmp. The upload form is only looked at: sending it gets 405. Maintained, it is gone."""
    known = {"/": html(MODEL, "<h1>Acme Sensor Hub</h1><p>Four sensors, all well.</p>")}
    if not place.is_maintained:
        known["/update"] = html(f"{MODEL} update", UPLOAD_FORM)
    await place.listen(80, serve(pages(known), server="hub/2.1"))
    await place.listen_udp("snmp", Agent(community=b"public", values=READINGS).answer)
