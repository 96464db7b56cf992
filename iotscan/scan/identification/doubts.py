"""Reasons to doubt what a device says: randomised addresses, hosts that answer everything, honeypots.

They are remarks with a reason. None of them says that a device is secure, or that it need not be looked at.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from iotscan.data import oui
from iotscan.data.fingerprints.library import Match
from iotscan.model.device import Device
from iotscan.model.facts import PortSweep
from iotscan.model.identification import Remark
from iotscan.model.observation import Observation
from iotscan.observe.network.ports import LIKELY
from iotscan.scan.identification import spelling
from iotscan.scan.identification.words import Word, words_of

_LEAST_PORTS: Final = 20
"""Ports that have to be asked before their answers say anything of a device as a whole."""
_SHARE: Final = 0.9
_MAKERS: Final = 3
"""Makers whose devices one address claims to be before that is told: two may be a device and its network card."""
_FAMILIES: Final = (
    # What a system is called begins with, and the family that it is of.
    ("windows", "Windows"),
    ("debian", "Linux"),
    ("ubuntu", "Linux"),
    ("raspberry", "Linux"),
    ("linux", "Linux"),
    ("openwrt", "Linux"),
    ("dd-wrt", "Linux"),
    ("freebsd", "BSD"),
    ("netbsd", "BSD"),
    ("openbsd", "BSD"),
    ("routeros", "RouterOS"),
    ("ios", "Cisco IOS"),
    ("vxworks", "VxWorks"),
    ("simatic", "SIMATIC"),
    ("macos", "macOS"),
)
_DEFAULTS: Final = (
    # Kind of words, what they are in a honeypot that nobody has configured, and the honeypot.
    ("ssh.banner", "OpenSSH_6.0p1 Debian-4+deb7u2", "Cowrie"),
    ("ssh.banner", "OpenSSH_5.1p1 Debian-5", "Kippo"),
    ("ssh.banner", "OpenSSH_5.1p1 Debian-4", "OpenCanary"),
    ("snmp.sys_description", "Siemens, SIMATIC, S7-200", "Conpot"),
    ("html_title", "Overview - Siemens, SIMATIC, S7-200", "Conpot"),
    ("ftp.banner", "DiskStation FTP server ready.", "Dionaea"),
)
"""Source: ``version`` of cowrie.cfg.dist; core of Kippo and Kojoney; ``ssh.version`` of opencanary.conf;
conpot/templates/default/template.xml; dionaea's conf/services/ftp.yaml. Real devices of that time say the same."""
_MADE_UP: Final = (
    "its MAC address {mac} is locally administered, made up by its owner: it names no vendor and may change"
)


def doubts(
    device: Device, observations: Sequence[Observation], known: Iterable[tuple[Word, Match]]
) -> tuple[Remark, ...]:
    """Every remark on a device, sorted."""
    known = tuple(known)
    remarks = [
        *_address(device),
        *_everything(observations),
        *_defaults(observations),
        *_systems(known),
        *_makers(known),
    ]
    return tuple(sorted(remarks))


def _address(device: Device) -> Iterator[Remark]:
    if device.mac and oui.is_locally_administered(device.mac):
        yield Remark(about="randomised-mac", text=_MADE_UP.format(mac=device.mac))


def _everything(observations: Iterable[Observation]) -> Iterator[Remark]:
    for observation in observations:
        if not isinstance(observation.fact, PortSweep):
            continue
        sweep = observation.fact
        is_open = len(sweep.open) + len(sweep.unasked)
        answered = is_open + len(sweep.closed) + len(sweep.filtered)
        opened = {*sweep.open, *sweep.unasked}
        # Both telnet ports, adb, TR-069, video and a broker twice: of a first look, no device has all.
        is_everything = answered >= _LEAST_PORTS and is_open >= _SHARE * answered
        if is_everything or opened.issuperset(LIKELY):
            yield Remark(
                about="answers-everything",
                text=f"{is_open} of {answered} ports answer: a host that accepts any port (a tarpit, a honeypot, a "
                "middlebox) stands here or in between, and an open port of it says little",
            )
            return


def _defaults(observations: Iterable[Observation]) -> Iterator[Remark]:
    said = {(w.kind, w.text): w.where for w in words_of(observations)}
    found = [(said[kind, text], text, pot) for kind, text, pot in _DEFAULTS if (kind, text) in said]
    if not found:
        return
    listed = "; ".join(f"its {where} '{text}' is the default of {pot}" for where, text, pot in found)
    sure = "more than one makes it likely (T-Pot runs several)" if len(found) > 1 else "an old device may say the same"
    yield Remark(about="honeypot", text=f"may be a honeypot: {listed}; {sure}")


def _systems(known: Iterable[tuple[Word, Match]]) -> Iterator[Remark]:
    """One address that speaks as several systems."""
    spoken: dict[str, str] = {}
    for word, match in known:
        if family := _family(match.claims.get("os.product", "")):
            spoken.setdefault(family, word.where)
    if len(spoken) > 1:
        listed = ", ".join(f"{family} ({where})" for family, where in sorted(spoken.items()))
        yield Remark(
            about="several-systems",
            text=f"speaks as {len(spoken)} systems: {listed}; several machines behind one address, or a honeypot",
        )


def _makers(known: Iterable[tuple[Word, Match]]) -> Iterator[Remark]:
    """One address whose services are devices of many makers."""
    made: dict[str, tuple[str, str]] = {}
    for word, match in known:
        if vendor := match.claims.get("hw.vendor", ""):
            made.setdefault(spelling.maker(vendor), (vendor, word.where))
    if len(made) >= _MAKERS:
        listed = ", ".join(f"{vendor} ({where})" for vendor, where in sorted(made.values()))
        yield Remark(
            about="honeypot",
            text=f"may be a honeypot: its services are devices of {len(made)} makers: {listed}; or several machines "
            "behind one address",
        )


def _family(system: str) -> str:
    return next((family for start, family in _FAMILIES if system.lower().startswith(start)), "")
