"""OpenWrt's uhttpd (``/etc/config/uhttpd``): where it speaks TLS, and with which certificate.

Versions and ciphers are those of the library behind libustream-ssl; no option sets them.
"""

from collections.abc import Iterator

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.observe.heard import Configured
from iotscan.observe.image.configuration import certificates, tls
from iotscan.observe.image.configuration.configured import Configuration, NotThere
from iotscan.observe.image.configuration.places import faces_network, split_place
from iotscan.observe.image.configuration.uci import read_sections
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_FILE = "/etc/config/uhttpd"


def read(tree: Tree, service: Service) -> Iterator[Configured]:
    """An endpoint for each ``listen_https``. Raises Unreadable."""
    if tree.find(_FILE) is None:
        raise NotThere("uhttpd is started, and its configuration is not in the image")
    for section in read_sections(tree, _FILE):
        if section.kind != "uhttpd":
            continue
        named = [
            certificates.Named(file=option.value, path=_FILE, line=option.line)
            for option in section.options
            if option.name == "cert"
        ]
        seen = set()
        for option in (o for o in section.options if o.name == "listen_https"):
            for host, port in map(_place, option.value.split()):
                if port and port not in seen and faces_network(host):
                    seen.add(port)
                    fact = tls.endpoint(tls.unknown_versions("which TLS versions it takes"))
                    yield Configured(fact=fact, path=_FILE, line=option.line, service=f"tcp/{port}")
                    yield from certificates.chains(tree, named, f"tcp/{port}")


def _place(text: str) -> tuple[str, int]:
    return ("", int(text)) if text.isdecimal() and int(text) < 65536 else split_place(text)


CONFIGURATION = Configuration(
    name="uhttpd", version=1, programs=("uhttpd",), gives=(TlsEndpoint, CertificateChain), read=read
)
