"""Cameras, media servers, home routers and TV boxes."""

import sys
from functools import partial
from pathlib import Path

from tests.lan import speakers
from tests.lan.discovery_lan import MINIDLNA
from tests.lan.network import Machine
from tests.observe.network.webserver import make_certificate
from tests.questions.host import Host, Place, accepts_its_ports

_PROBES = Path(__file__).parents[2] / "observe" / "network"
RTSP_PYTHON = "/usr/bin/python3"
"""That of the system, which has GStreamer's bindings."""


def router(place: Place) -> None:
    """miniupnpd with a network behind it."""
    speakers.router(place.machine, place.folder / "upnpd")


def media_server(place: Place) -> None:
    """minidlna: UPnP without a gateway."""
    for each in ("media", "db"):
        (place.folder / each).mkdir()
    (place.folder / "minidlna.conf").write_text(MINIDLNA.format(folder=place.folder))
    place.machine.start("minidlnad", "-S", "-R", "-f", f"{place.folder}/minidlna.conf", "-P", f"{place.folder}/pid")


def listens(machine: Machine, *ports: int) -> bool:
    """Whether all these UDP ports are bound."""
    bound = machine.run("ss", "-luHn").stdout
    return all(f":{port} " in bound for port in ports)


def upnp_is_up(place: Place) -> bool:
    """Whether it hears those who search."""
    return listens(place.machine, 1900)


def camera(place: Place, *, rtsp: str = "", onvif: str = "") -> None:
    """GStreamer's RTSP server in a way to ask for a login, and an ONVIF device service of a kind, announced."""
    if rtsp:
        places = make_certificate(place.folder), f"{rtsp}:{322 if rtsp == 'tls' else 554}"
        place.machine.start(RTSP_PYTHON, "-I", str(_PROBES / "rtsp_server.py"), place.address, *places[0], places[1])
    if onvif:
        place.machine.start(sys.executable, "-I", str(_PROBES / "onvif_camera.py"), onvif, place.address, "80", "group")


def camera_is_up(place: Place) -> bool:
    """Whether it accepts, and hears those who search."""
    return accepts_its_ports(place) and ("tcp/80" not in place.true.services or listens(place.machine, 3702))


def _camera(name: str, *, rtsp: str = "", onvif: str = "") -> Host:
    return Host(name=name, start=partial(camera, rtsp=rtsp, onvif=onvif), is_ready=camera_is_up)


def tv_box(kind: str, place: Place) -> None:
    """The first answers of adbd."""
    place.machine.start(sys.executable, "-I", str(_PROBES / "adb_daemon.py"), kind, place.address, "5555")


def offence(place: Place) -> str:
    """What was said to the debug bridge besides its first word."""
    return next((line for line in place.log().splitlines() if line.startswith("offence")), "")


def _tv_box(name: str, kind: str) -> Host:
    return Host(name=name, start=partial(tv_box, kind), harm=offence)


MACHINES = (
    Host(name="router", start=router, is_ready=upnp_is_up, tools={"miniupnpd": "miniupnpd-nftables"}),
    Host(name="media-server", start=media_server, is_ready=upnp_is_up, tools={"minidlnad": "minidlna"}),
    _camera("camera-open", rtsp="open", onvif="open"),
    _camera("camera-digest", rtsp="digest", onvif="guarded"),
    _camera("camera-basic", rtsp="basic", onvif="chatty"),
    _camera("camera-tls", rtsp="tls"),
    _camera("camera-elsewhere", rtsp="hidden", onvif="hollow"),
    _tv_box("tv-open", "open"),
    _tv_box("tv-keyed", "keyed"),
    _tv_box("tv-wireless", "wireless"),
)
