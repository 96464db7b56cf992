"""Which requests have to do with updates, by what the systems' own documents say of their addresses and clients.

Sources: Eclipse hawkBit, Direct Device Integration API (its paths stand below a tenant, its answers are HAL, its
tokens are TargetToken and GatewayToken); Mender, device APIs; Omaha protocol 3.0; Debian Policy and apt-transport-http;
opkg and OpenWrt package feeds; Alpine apk-tools; libostree, static deltas (its checksums are 43 digits of base64);
DNF's repomd. UpdateHub and LAVA are left out, as nothing in their paths is their own.
"""

import re
from collections.abc import Callable
from typing import Final, Literal

import msgspec

Kind = Literal["poll", "manifest", "firmware", "package"]


class Rule(msgspec.Struct, frozen=True):
    """A path (without query) and, where that is not enough, a user agent or words that together mean something."""

    system: str
    kind: Kind
    path: re.Pattern[str]
    agent: re.Pattern[str] | None = None
    said: re.Pattern[bytes] | None = None


def _rule(system: str, kind: Kind, path: str, agent: str = "", said: bytes = b"") -> Rule:
    return Rule(
        system, kind, re.compile(path), re.compile(agent) if agent else None, re.compile(said) if said else None
    )


_HAWKBIT: Final = rb"(?i)\b(?:TargetToken|GatewayToken) |application/hal\+json|\"polling\"\s*:\s*\{\s*\"sleep\""
_RULES: Final = (
    _rule("hawkbit", "firmware", r".*/controller/v1/[^/]+/softwaremodules/[^/]+/artifacts/[^/]+(?<!\.MD5SUM)"),
    _rule("hawkbit", "firmware", r".*/controller/artifacts/v1/filename/[^/]+(?<!\.MD5SUM)"),
    _rule("hawkbit", "manifest", r".*/controller/v1/[^/]+/(?:deployment|installed|confirmation)Base/[^/]+"),
    _rule("hawkbit", "manifest", r".*/controller/v1/[^/]+/softwaremodules/[^/]+/artifacts"),
    _rule("hawkbit", "poll", r"(?:/[^/]+)?/controller/v1/[^/]+", said=_HAWKBIT),
    _rule("mender", "poll", r".*/api/devices/v[12]/deployments/device/deployments/next"),
    _rule(
        "omaha",
        "poll",
        r"/v1/update/?|/service/update2?(?:/json)?",
        said=rb"<request[ >]|<updatecheck|\"updatecheck\"\s*:",
    ),
    _rule("apt", "poll", r".*/(?:InRelease|Release|Release\.gpg)", r"Debian APT|Ubuntu APT|apt"),
    _rule("apt", "manifest", r".*/Packages(?:\.[a-z0-9]+)?|.*/by-hash/.*|.*/Translation-.*", r"Debian APT|Ubuntu APT"),
    _rule("apt", "package", r".*\.deb"),
    _rule("opkg", "package", r".*\.ipk"),
    _rule("opkg", "poll", r".*/Packages", r"(?i)opkg|uclient-fetch"),
    _rule("opkg", "poll", r".*/Packages\.(?:gz|sig|manifest|asc)", r"(?i)opkg|uclient-fetch|curl|wget|libcurl|^$"),
    _rule("apk", "poll", r".*/APKINDEX\.tar\.gz|.*/packages\.adb"),
    _rule("apk", "package", r".*\.apk", r"apk-tools"),
    _rule("ostree", "poll", r".*/(?:summary|summary\.sig|refs/heads/.*)", r"(?i)ostree"),
    _rule("ostree", "package", r".*/objects/[0-9a-f]{2}/[0-9a-f]{62}\.(?:commit|commitmeta|filez|dirtree|dirmeta|sig)"),
    _rule(
        "ostree",
        "package",
        r".*/deltas/[\w+]{2}/[\w+]{41}(?:-[\w+]{43})?/(?:superblock|\d+)|.*/delta-indexes/[\w+]{2}/[\w+]{41}\.index",
    ),
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


def about_update(path: str, agent: str = "", said: Callable[[], bytes] = bytes) -> About | None:
    """What a path, and the client's name, say; None where they say nothing of updates.

    ``said`` gives what else both sides said, where a path alone could be anybody's.
    """
    path = path[:1024]
    for rule in _RULES:
        if rule.path.fullmatch(path) and _bears_out(rule, agent, said):
            return About(kind=rule.kind, system=rule.system, how=_how(rule))
    if _ENDINGS.fullmatch(path):
        return About(kind="firmware")
    if _WORDS.search(path):
        if _ASKS.fullmatch(path):
            return About(kind="poll")
        if _FILE.fullmatch(path):
            return About(kind="firmware")
    return None


def _bears_out(rule: Rule, agent: str, said: Callable[[], bytes]) -> bool:
    is_client = rule.agent is None or bool(rule.agent.search(agent))
    return is_client and (rule.said is None or bool(rule.said.search(said())))


def _how(rule: Rule) -> str:
    if rule.agent is not None:
        return "path and user agent"
    return "path and what was said" if rule.said is not None else "path"
