"""Cameras of GStreamer's RTSP server: ``rtsp_server.py ADDRESS KEY CERTIFICATE NAME:PORT …``, until killed.

``open``, ``basic`` and ``digest`` are ways to ask for a login, ``tls`` is Basic inside TLS, ``hidden`` is open
at a path that nobody guesses. Runs in the Python of the system, which has the bindings.
"""

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402  (the versions are chosen first)

STREAM = "( videotestsrc is-live=true ! jpegenc ! rtpjpegpay name=pay0 pt=26 )"
MAY = "user,media.factory.access=true,media.factory.construct=true"
BASIC, DIGEST = GstRtsp.RTSPAuthMethod.BASIC, GstRtsp.RTSPAuthMethod.DIGEST
METHODS = {"basic": BASIC, "digest": DIGEST, "tls": BASIC}


def guard(method: Any) -> Any:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.set_supported_methods(method)
    auth.set_realm("Acme Cam")
    if method == BASIC:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic("viewer", "s3cret-rtsp"), token)
    else:
        auth.add_digest("viewer", "s3cret-rtsp", token)
    return auth


def serve(address: str, certificate: Any, name: str, port: str) -> Any:
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(STREAM)
    factory.set_shared(True)
    if name in METHODS:
        auth = guard(METHODS[name])
        if name == "tls":
            auth.set_tls_certificate(certificate)
        factory.add_role_from_structure(Gst.Structure.new_from_string(MAY))
        server.set_auth(auth)
    server.get_mount_points().add_factory("/porch-4f1c" if name == "hidden" else "/stream1", factory)
    server.attach(None)
    return server


if __name__ == "__main__":
    Gst.init(None)
    loaded = Gio.TlsCertificate.new_from_files(sys.argv[3], sys.argv[2])
    servers = [serve(sys.argv[1], loaded, *place.split(":")) for place in sys.argv[4:]]
    GLib.MainLoop().run()
