"""What the name of a server says of a conversation that nobody else can read: names are asked there, or updates.

Short lists of names that serve nothing else, each from the documents of who offers it. Sources: RFC 8484; Google Public
DNS, Cloudflare 1.1.1.1, Firefox's trusted resolvers, Quad9, AdGuard DNS, NextDNS, Cisco OpenDNS, CleanBrowsing, Mullvad
DNS, Control D, DNS.SB, AliDNS, DNSPod; Mender (hosted), FoundriesFactory (device gateway), fwupd, Debian, Ubuntu,
Raspberry Pi OS, OpenWrt and Alpine Linux (mirrors), Home Assistant.
"""

from collections.abc import Collection, Iterator
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import NameQuestion, TlsSession, UpdateContact
from iotscan.model.vocabulary import Reason
from iotscan.observe.traffic.conversation import Conversation, Tell, Told

_NAME_SERVERS: Final = frozenset(
    (
        *("dns.google", "cloudflare-dns.com", "dns.quad9.net", "dns9.quad9.net"),
        *("dns10.quad9.net", "dns11.quad9.net", "dns.adguard-dns.com", "family.adguard-dns.com", "dns.nextdns.io"),
        *("doh.opendns.com", "doh.familyshield.opendns.com", "doh.umbrella.com", "doh.cleanbrowsing.org"),
        *("dns.mullvad.net", "freedns.controld.com", "dns.controld.com", "doh.dns.sb"),
        *("dns.alidns.com", "doh.pub"),
    )
)
_UPDATES: Final = {
    "hosted.mender.io": "mender",
    "ota-lite.foundries.io": "tuf",
    "ostree.foundries.io": "ostree",
    "cdn.fwupd.org": "fwupd",
    "deb.debian.org": "apt",
    "security.debian.org": "apt",
    "archive.ubuntu.com": "apt",
    "security.ubuntu.com": "apt",
    "ports.ubuntu.com": "apt",
    "archive.raspberrypi.com": "apt",
    "raspbian.raspberrypi.com": "apt",
    "downloads.openwrt.org": "opkg",
    "dl-cdn.alpinelinux.org": "apk",
    "version.home-assistant.io": "",
}
"""Names of servers, and the system whose clients ask there."""
_NO_PERIOD: Final[Answer[int]] = Answer[int].missing(Reason.NOT_OBSERVABLE, "one contact alone has no period")


def tell_session(tell: Tell, conversation: Conversation, at: int, session: TlsSession) -> None:
    """Tell of a handshake, and what the name in it says."""
    tell(Told(conversation, at, session))
    if conversation.protection == "encrypted" and _came_to_data(session):
        for item in _known_by(session.server_name):
            tell(Told(conversation, at, item))


def _came_to_data(session: TlsSession) -> bool:
    """Who was refused has asked nothing. Of QUIC it is not seen whether data follows: changed keys must do."""
    used = ("application-data", "finished") if session.kind == "quic" else ("application-data",)
    return session.ending in used and not session.opening


def _known_by(name: str) -> Iterator[NameQuestion | UpdateContact]:
    if _listed(name, _NAME_SERVERS):
        yield NameQuestion(is_encrypted=True)
    if found := _listed(name, _UPDATES):
        yield UpdateContact(
            kind="poll",
            system=_UPDATES[found],
            protocol="https",
            is_encrypted=True,
            host=name,
            how="server name",
            period=_NO_PERIOD,
        )


def _listed(name: str, names: Collection[str]) -> str:
    """The entry that a name is, or lies below: some give each customer a name of his own; empty for none."""
    labels = name.split(".")
    return next((end for at in range(len(labels) - 1) if (end := ".".join(labels[at:])) in names), "")
