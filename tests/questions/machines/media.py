"""Cameras, media servers, home routers and TV boxes."""

from pathlib import Path

from tests.lan import speakers
from tests.lan.discovery_lan import MINIDLNA
from tests.questions.host import Host, Place

RTSP_SERVER = Path(__file__).parents[2] / "observe" / "network" / "rtsp_server.py"


def router(place: Place) -> None:
    """miniupnpd with a network behind it."""
    speakers.router(place.machine, place.folder / "upnpd")


def media_server(place: Place) -> None:
    """minidlna: UPnP without a gateway."""
    for each in ("media", "db"):
        (place.folder / each).mkdir()
    (place.folder / "minidlna.conf").write_text(MINIDLNA.format(folder=place.folder))
    place.machine.start("minidlnad", "-S", "-R", "-f", f"{place.folder}/minidlna.conf", "-P", f"{place.folder}/pid")


def answers_searches(place: Place) -> bool:
    """Whether it describes itself."""
    return place.machine.run("ss", "-lun").stdout.count(":1900") > 0


MACHINES = (
    Host(name="router", start=router, is_ready=answers_searches, tools={"miniupnpd": "miniupnpd-nftables"}),
    Host(name="media-server", start=media_server, is_ready=answers_searches, tools={"minidlnad": "minidlna"}),
)
