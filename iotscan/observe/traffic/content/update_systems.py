"""Which requests have to do with updates, by what the systems' own documents say of their addresses and clients.

Sources: Eclipse hawkBit, Direct Device Integration API; Mender, device APIs; Omaha protocol 3.0; Debian Policy and
apt-transport-http; opkg and OpenWrt package feeds; Alpine apk-tools; TUF specification section 6; libostree; DNF's
repomd; UpdateHub and LAVA are left out, as nothing in their paths is their own.
"""

import re
from typing import Final, Literal

import msgspec

Kind = Literal["poll", "manifest", "firmware", "package"]


class Rule(msgspec.Struct, frozen=True):
    """A path (without query) and, where that is not enough, a user agent that together mean something."""

    system: str
    kind: Kind
    path: re.Pattern[str]
    agent: re.Pattern[str] | None = None


def _rule(system: str, kind: Kind, path: str, agent: str = "") -> Rule:
    return Rule(system, kind, re.compile(path), re.compile(agent) if agent else None)


_RULES: Final = (
    _rule("hawkbit", "firmware", r".*/controller/(?:v1/[^/]+/softwaremodules|artifacts/v1)/.*\.(?!MD5SUM)[^/]*"),
    _rule("hawkbit", "manifest", r".*/controller/v1/[^/]+/(?:deploymentBase|installedBase)/[^/]+"),
    _rule("hawkbit", "manifest", r".*/controller/v1/[^/]+/softwaremodules/[^/]+/artifacts"),
    _rule("hawkbit", "poll", r"(?:/[^/]+)?/controller/v1/[^/]+"),
    _rule("mender", "poll", r".*/api/devices/v[12]/deployments/device/deployments/next"),
    _rule("omaha", "poll", r"/v1/update/?|/service/update2?(?:/json)?"),
    _rule("apt", "poll", r".*/(?:InRelease|Release|Release\.gpg)", r"Debian APT|Ubuntu APT|apt"),
    _rule("apt", "manifest", r".*/Packages(?:\.[a-z0-9]+)?|.*/by-hash/.*|.*/Translation-.*", r"Debian APT|Ubuntu APT"),
    _rule("apt", "package", r".*\.deb"),
    _rule("opkg", "package", r".*\.ipk"),
    _rule(
        "opkg", "poll", r".*/Packages(?:\.gz|\.sig|\.manifest|\.asc)?", r"(?i)opkg|uclient-fetch|curl|wget|libcurl|^$"
    ),
    _rule("apk", "poll", r".*/APKINDEX\.tar\.gz|.*/packages\.adb"),
    _rule("apk", "package", r".*\.apk", r"apk-tools"),
    _rule("ostree", "poll", r".*/(?:summary|summary\.sig|refs/heads/.*)", r"(?i)ostree"),
    _rule("ostree", "package", r".*/objects/[0-9a-f]{2}/[0-9a-f]{62}\.(?:commit|filez|dirtree|dirmeta).*|.*/deltas/.*"),
    _rule("dnf", "poll", r".*/repodata/repomd\.xml(?:\.asc)?"),
    _rule("dnf", "manifest", r".*/repodata/[0-9a-f]{20,}-.*"),
    _rule("dnf", "package", r".*\.rpm"),
)
"""Those that say more come before those that would take the same path for less."""
_ENDINGS: Final = re.compile(
    r"(?i).*\.(?:swu|raucb|mender|itb|uf2|trx|sysupgrade|fwu|chk|ota)|.*[/_-](?:sysupgrade|factory)[^/]*\.(?:bin|img)(?:\.gz)?"
)
_WORDS: Final = re.compile(
    r"(?i)(?:^|[/_.-])(?:firmwares?|fw|fota|ota)(?=[/_.-]|$)"
    r"|^(?:/(?:api|rest|v\d+|devices?|public|static|files?|downloads?))*/(?:updates?|upgrades?)(?=[/_.-]|$)"
)
"""Weather and news have updates, too: the bare word counts where nothing before it says of what."""
_FILE: Final = re.compile(r"(?i).*\.(?:bin|img|hex|fw|tar|tgz|tar\.gz|tar\.xz|zip|gz|xz|zst|pkg|rom|elf)")
_ASKS: Final = re.compile(
    r"(?i).*/(?:check|latest|version|manifest|query|poll|available|info)(?:\.(?:json|txt|xml|php))?/?"
)


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a request has to do with updates, and what says so."""

    kind: Kind
    system: str = ""
    how: str = "path"


def about_update(path: str, agent: str = "") -> About | None:
    """What a path, and the client's name, say; None where they say nothing of updates."""
    path = path[:1024]
    for rule in _RULES:
        if rule.path.fullmatch(path) and (rule.agent is None or rule.agent.search(agent)):
            return About(kind=rule.kind, system=rule.system, how="path and user agent" if rule.agent else "path")
    if _ENDINGS.fullmatch(path):
        return About(kind="firmware")
    if _WORDS.search(path):
        if _ASKS.fullmatch(path):
            return About(kind="poll")
        if _FILE.fullmatch(path):
            return About(kind="firmware")
    return None
