"""The many spellings of one maker, model or kind."""

import re
from typing import Final

from iotscan.model.identification import Kind

_LEGAL: Final = re.compile(
    r"\b(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|gmbh|ag|ab|bv|b\.v|sa|s\.a|spa|technologies|"
    r"technology|networks|systems|electronics)\b\.?",
    re.IGNORECASE,
)
_SAME_MAKER: Final = {
    "hewlettpackard": "hp",
    "royalphilips": "signify",
    "philips": "signify",
    "ubnt": "ubiquiti",
    "hangzhouhikvision": "hikvision",
    "allterco": "shelly",
    "routerboard": "mikrotik",
}
"""Makers that write themselves in more than one way: the beginning of a folded name, and the name it counts as."""

_KINDS: Final[dict[str, Kind]] = {
    "ip camera": "camera",
    "web cam": "camera",
    "camera": "camera",
    "dvr": "camera",
    "nvr": "camera",
    "network video recorder": "camera",
    "router": "gateway",
    "wap": "gateway",
    "gateway": "gateway",
    "access point": "gateway",
    "broadband router": "gateway",
    "dsl modem": "gateway",
    "cable modem": "gateway",
    "firewall": "gateway",
    "wireless lan": "gateway",
    "voip gateway": "gateway",
    "hub": "hub",
    "home automation": "hub",
    "bridge": "hub",
    "printer": "printer",
    "print server": "printer",
    "multifunction device": "printer",
    "nas": "nas",
    "storage": "nas",
    "plug": "plug",
    "sensor": "sensor",
    "thermostat": "sensor",
    "environment monitoring": "sensor",
    "plc": "controller",
    "industrial control": "controller",
    "building management": "controller",
    "controller": "controller",
    "media player": "media",
    "media server": "media",
    "television": "media",
    "tv": "media",
    "smart tv": "media",
    "audio visual": "media",
    "phone": "phone",
    "mobile": "phone",
    "ip phone": "phone",
    "voip": "phone",
    "voip phone": "phone",
    "tablet": "phone",
}
"""What rules (``hw.device``, ``os.device``; recog's identifiers/device.txt) call a kind, and ours."""

GENERAL: Final = frozenset(
    ["linux", "debiangnulinux", "ubuntu", "raspberrypios", "windows", "freebsd", "netbsd", "macos", "buildroot", "poky"]
)
"""Systems that run on anything: their version is no firmware's."""
_GENERAL_FAMILIES: Final = (
    *("windows", "macos", "solaris", "sunos", "aix", "hpux", "openvms", "os400", "irix", "netware", "redhat", "centos"),
    *("fedora", "suse", "opensuse", "debian", "openbsd", "unix"),
    # Kernels that firmware is built on, as it is on Linux: their version says nothing of its own.
    *("vxworks", "ipos", "freertos", "threadx", "nucleus", "qnx", "ecos", "uclinux"),
)


def folded(text: str) -> str:
    """Letters and digits alone, lower case."""
    return "".join(c for c in text.lower() if c.isalnum())


def is_general(system: str) -> bool:
    """Whether a system runs on devices of many makers, so that its version is not the firmware's."""
    name = folded(system)
    return name in GENERAL or name.startswith(_GENERAL_FAMILIES)


def maker(text: str) -> str:
    """A maker's name without its legal form, one spelling for each maker."""
    name = folded(_LEGAL.sub(" ", text)) or folded(text)
    return next((known for start, known in _SAME_MAKER.items() if name.startswith(start)), name)


def kind(text: str) -> Kind | None:
    """Our word for what a rule calls a device; None for one that is none of our kinds."""
    return _KINDS.get(text.strip().lower())


def model(text: str, makers: frozenset[str]) -> str:
    """A model without the maker's name before it."""
    name = folded(text)
    return next((name[len(m) :] for m in makers if name.startswith(m) and len(name) > len(m)), name)
