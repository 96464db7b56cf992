"""An ONVIF camera to the letter: ``onvif_camera.py KIND ADDRESS PORT [group]``, until killed.

``guarded`` refuses by SOAP fault with status 400, ``digest`` by HTTP alone, ``chatty`` tells what it is and no users,
``open`` tells all. ``page`` says 200 and HTML to everything, ``same`` gives one answer to every question, ``echo``
gives back what it was sent, ``hollow`` an empty answer. With ``group`` it announces itself by WS-Discovery as well.
"""

import re
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SOAP = "http://www.w3.org/2003/05/soap-envelope"
CLOCK = (
    "<tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
    "<tt:UTCDateTime><tt:Time><tt:Hour>9</tt:Hour><tt:Minute>5</tt:Minute><tt:Second>1</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>2026</tt:Year><tt:Month>11</tt:Month><tt:Day>26</tt:Day></tt:Date></tt:UTCDateTime>"
    "</tds:SystemDateAndTime>"
)
TOLD = (
    "<tds:Manufacturer>Acme</tds:Manufacturer><tds:Model>IPC-2000</tds:Model>"
    "<tds:FirmwareVersion>2.1.7</tds:FirmwareVersion><tds:SerialNumber>AC20261126</tds:SerialNumber>"
    "<tds:HardwareId>1.0</tds:HardwareId>"
)
USERS = (
    "<tds:User><tt:Username>admin</tt:Username><tt:UserLevel>Administrator</tt:UserLevel></tds:User>"
    "<tds:User><tt:Username>guard</tt:Username><tt:UserLevel>User</tt:UserLevel></tds:User>"
)
ANSWERS = {"GetSystemDateAndTime": CLOCK, "GetDeviceInformation": TOLD, "GetUsers": USERS}
OPEN = {
    "guarded": {"GetSystemDateAndTime"},
    "digest": {"GetSystemDateAndTime"},
    "chatty": {"GetSystemDateAndTime", "GetDeviceInformation"},
}
FAULT = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>'
)
MATCH = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="{soap}" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<s:Header><a:RelatesTo>{number}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
    "<a:EndpointReference><a:Address>urn:uuid:4d454930-0000-1000-8000-00408c000{last:03d}</a:Address></a:EndpointReference>"
    "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/Profile/Streaming"
    " onvif://www.onvif.org/name/{name}</d:Scopes><d:XAddrs>http://{address}:{port}/onvif/device_service</d:XAddrs>"
    "<d:MetadataVersion>1</d:MetadataVersion></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)


def envelope(body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:ter="http://www.onvif.org/ver10/error"'
        ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema">'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )


def answered(question: str) -> str:
    return envelope(f"<tds:{question}Response>{ANSWERS[question]}</tds:{question}Response>")


def reply(kind: str, question: str, sent: str) -> tuple[int, str]:
    """Status and body."""
    if kind in ("page", "same", "echo", "hollow"):
        body = {
            "page": "<html><head><title>Live</title></head><body>GetUsersResponse</body></html>",
            "same": answered("GetUsers"),
            "echo": sent,
            "hollow": envelope(f"<tds:{question}Response/>"),
        }[kind]
        return 200, body
    if question in OPEN.get(kind, ANSWERS):
        return 200, answered(question)
    return (401, "") if kind == "digest" else (400, envelope(FAULT))


def service(kind: str, address: str, port: int, said: list[str]) -> ThreadingHTTPServer:
    """The device service, bound; what it is asked is kept in ``said``."""

    class Camera(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = b"<!doctype html><title>Live view</title>" if self.path == "/" else b""
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = re.search(r"<(?:\w+:)?(Get\w+|[A-Z]\w+) xmlns=", sent.partition("Body>")[2])
            question = found[1] if found else ""
            said.append(f"{self.path} {question}")
            status, body = reply(kind, question, sent)
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Digest realm="Acme", nonce="5f1d", qop="auth", algorithm=MD5')
            self.send_header("Content-Type", "text/html" if kind == "page" else "application/soap+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    return ThreadingHTTPServer((address, port), Camera)


def discovery(address: str, port: int, name: str) -> None:
    """Answers probes for cameras, whoever they are sent to."""
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("", 3702))
    own.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.255.255.250") + socket.inet_aton(address)
    )
    while True:
        packet, source = own.recvfrom(8192)
        number = re.search(rb"MessageID>([^<]+)<", packet)
        if number and b"NetworkVideoTransmitter" in packet:
            last = int(address.rpartition(".")[2])
            said = {"number": number[1].decode(), "address": address, "port": port, "name": name, "last": last}
            own.sendto(MATCH.format(soap=SOAP, **said).encode(), source)


if __name__ == "__main__":
    which, at, on = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if sys.argv[4:] == ["group"]:
        threading.Thread(target=discovery, args=(at, on, f"Gate-{which}"), daemon=True).start()
    service(which, at, on, []).serve_forever()
