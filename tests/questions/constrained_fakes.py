"""Servers of constrained devices that nobody packages, on a machine of the LAN.

Usage: ``constrained_fakes.py KIND ADDRESS``. ``oscore`` is a CoAP node whose one resource wants OSCORE, and ``lwm2m``
one with the resources of an LwM2M server: both stand on aiocoap. ``any-community`` is an SNMP agent that answers
whatever community; ``esphome`` and ``esphome-noise`` are ESPHome's interface in the clear and with encryption, played
from the sources of its firmware. It runs isolated: nothing of ours is imported.
"""

import asyncio
import socket
import socketserver
import sys

import aiocoap
import aiocoap.resource
from aiocoap.credentials import CredentialsMap
from aiocoap.oscore_sitewrapper import OscoreSiteWrapper

PING, PONG = b"\0\0\x07", b"\0\0\x08"


class Guarded(aiocoap.resource.Resource):  # type: ignore[misc]  # aiocoap tells no types
    """A sensor that shows itself to those that OSCORE knows."""

    if_ = "core.s"

    async def render_get(self, request: aiocoap.Message) -> aiocoap.Message:
        """Its value, or 4.01."""
        if not list(request.remote.authenticated_claims):
            raise aiocoap.error.Unauthorized
        return aiocoap.Message(payload=b"21.5")


class Registration(aiocoap.resource.Resource):  # type: ignore[misc]  # as above
    """Where clients would register: nobody shall while we look on."""

    rt = "oma.lwm2m"

    async def render_post(self, request: aiocoap.Message) -> aiocoap.Message:
        """Tell whoever reads the log."""
        sys.exit("somebody has registered")


async def serve_coap(kind: str, address: str) -> None:
    """A site on aiocoap, behind its wrapper for OSCORE."""
    site = aiocoap.resource.Site()
    site.add_resource([".well-known", "core"], aiocoap.resource.WKCResource(site.get_resources_as_linkheader))
    if kind == "oscore":
        site.add_resource(["s", "temp"], Guarded())
    else:
        site.add_resource(["rd"], Registration())
        site.add_resource(["bs"], Registration())
    known = CredentialsMap()
    wrapped = OscoreSiteWrapper(site, known)
    await aiocoap.Context.create_server_context(wrapped, bind=(address, 5683), server_credentials=known)
    await asyncio.get_running_loop().create_future()


def granted(data: bytes) -> bytes:
    """A GET of version 1 or 2c turned into its own response; nothing for version 3."""
    return data.replace(b"\xa0", b"\xa2", 1) if data[4] != 3 else b""


def serve_snmp(address: str) -> None:
    """Answer each."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((address, 161))
        while True:
            data, guest = peer.recvfrom(2048)
            if len(data) > 4 and (said := granted(data)):
                peer.sendto(said, guest)


class Clear(socketserver.BaseRequestHandler):
    """api_frame_helper_plaintext.cpp: indicator 0, size, type."""

    def handle(self) -> None:
        """Answer pings, and refuse another indicator in words."""
        while head := self.request.recv(3):
            if head[0] != 0:
                self.request.sendall(b"\0Bad indicator byte")
                return
            if head == PING:
                self.request.sendall(PONG)


class Noise(socketserver.BaseRequestHandler):
    """api_frame_helper_noise.cpp: indicator 1, size in two bytes."""

    def handle(self) -> None:
        """Say who it is to a client that begins with 1, and refuse another in words."""
        head = self.request.recv(3)
        if head[:1] == b"\1":
            self.request.sendall(b"\1\0\x13\1plug\x0000005e00530101\0")
            self.request.recv(1)
        elif head:
            self.request.sendall(b"\1\0\x13\1Bad indicator byte")


def main(kind: str, address: str) -> None:
    """Serve until killed."""
    if kind in ("oscore", "lwm2m"):
        asyncio.run(serve_coap(kind, address))
    elif kind == "any-community":
        serve_snmp(address)
    else:
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        with socketserver.ThreadingTCPServer((address, 6053), Clear if kind == "esphome" else Noise) as server:
            server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
