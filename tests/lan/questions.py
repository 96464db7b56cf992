"""Scripts and datagrams with which the LAN is asked whether it is up, from where the scanner stands."""

KNOCK = """
import ast, socket, sys
for place in ast.literal_eval(sys.argv[1]):
    socket.create_connection(place, 2).close()
"""
ASK_GROUP = """
import socket, sys
own, group, port, question, wanted = sys.argv[1:]
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(own))
asking.settimeout(0.5)
asking.sendto(bytes.fromhex(question), (group, int(port)))
while asking.recvfrom(9000)[1][0] != wanted:
    pass
"""
ASK_SSDP = b'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n'
ASK_MDNS = bytes(4) + b"\0\1" + bytes(6) + b"\5_http\4_tcp\5local\0\0\x0c\0\1"
"""A question for the PTR records of ``_http._tcp.local`` (RFC 1035 section 4.1)."""
