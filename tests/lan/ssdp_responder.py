"""A UPnP device's answer to searches: ``ssdp_responder.py ADDRESS LOCATION SERVER``. Runs as a process of its own."""

import socket
import sys

GROUP, PORT = "239.255.255.250", 1900


def main(address: str, location: str, server: str) -> None:
    """Answer every M-SEARCH, to whoever asked, until killed."""
    answer = (
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\n"
        f"LOCATION: {location}\r\nSERVER: {server}\r\nST: upnp:rootdevice\r\n"
        f"USN: uuid:{address}::upnp:rootdevice\r\n\r\n"
    ).encode()
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.bind(("", PORT))
    membership = socket.inet_aton(GROUP) + socket.inet_aton(address)
    heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    while True:
        packet, source = heard.recvfrom(4096)
        if packet.startswith(b"M-SEARCH * HTTP/1.1\r\n"):
            heard.sendto(answer, source)


if __name__ == "__main__":
    main(*sys.argv[1:4])
