"""apt: ``sources.list``, ``*.sources``, what ``apt.conf`` allows, and unattended-upgrades.

Sources: sources.list(5), apt.conf(5), apt-secure(8), deb822(5), dpkg(1) (``--force-unsafe-io``, ``dpkg.cfg.d``);
unattended-upgrades' ``20auto-upgrades`` and README (``AutoFixInterruptedDpkg``).
"""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.updates.clock import DAY, turns
from iotscan.observe.image.inspectors.updates.root import Root, lines
from iotscan.observe.image.inspectors.updates.systems.feed import PROGRAMS, package_system
from iotscan.observe.image.startup.container import is_container
from iotscan.observe.image.texts import without_blocks

_INSECURE = re.compile(r"Allow(?:Insecure|Unauthenticated|Weak)\w{0,40}\s{1,40}\"?(?:true|yes|1)", re.IGNORECASE)
_EVERY = re.compile(r"APT::Periodic::Unattended-Upgrade\s+\"?(\d{1,4}|always)", re.IGNORECASE)
_PROGRAM = "unattended-upgrade"
_UPGRADE = ("upgrade", "dist-upgrade", "full-upgrade")
_UNSAFE = re.compile(r"(?:--)?force-unsafe-io\b")
_PART = re.compile(r"[0-9A-Za-z_-]+")
"""What dpkg reads of ``dpkg.cfg.d``."""
_REPAIRS = re.compile(r"AutoFixInterruptedDpkg\s{1,40}\"?(\w{1,20})", re.IGNORECASE)
_FALSE = ("0", "no", "false", "without", "off", "disable")
"""apt's words for it (``StringToBool``)."""
Verdict = tuple[Answer[bool], str]


def read(root: Root) -> Iterator[UpdateSystem]:
    """apt, where it has a source. Raises Unreadable."""
    confs = list(root.texts("/etc/apt/apt.conf", folder="/etc/apt/apt.conf.d"))
    bare = [(path, without_blocks(text)) for path, text in confs]
    insecure = any(_INSECURE.search(line.text) for _, text in bare for line in lines(text))
    sources = (*_lists(root, insecure), *_stanza_sources(root, insecure))
    unattended = tuple(_unattended(root, bare))
    interrupted = () if is_container(root.tree) else (*_durable(root, bare), *_recovers(root, bare, unattended))
    yield from package_system(root, "apt", sources, upgrade=_UPGRADE, more=(*unattended, *interrupted))


def _verdict(insecure: bool, trusted: bool) -> Verdict:
    if insecure:
        return Answer.of(False), "apt.conf allows unauthenticated repositories"
    if trusted:
        return Answer.of(False), "trusted=yes or allow-insecure=yes switches verification off"
    return Answer.of(True), "apt verifies the repository's signature"


def _source(root: Root, url: str, path: str, line: int, verdict: Verdict, suite: str) -> UpdateSource:
    source = root.source(url, path, line, verdict[0])
    return msgspec.structs.replace(source, detail=verdict[1], index=_index(suite))


def _index(suite: str) -> str:
    """Where the release file of a suite stands; one that ends in a slash is the folder itself (sources.list(5))."""
    folder = suite.strip("./") if suite.endswith("/") else f"dists/{suite}" if suite else ""
    return safe_text(f"{folder}/InRelease".lstrip("/"), 200) if suite else ""


def _lists(root: Root, insecure: bool) -> Iterator[UpdateSource]:
    for path, text in root.texts("/etc/apt/sources.list", folder="/etc/apt/sources.list.d", ending=".list"):
        for line in lines(text):
            match = re.match(r"deb\s+(\[[^\]]*\]\s+)?(\S+)(?:\s+(\S+))?", line.text)
            if match:
                trusted = bool(re.search(r"\b(?:trusted|allow-insecure)=yes", (match[1] or "").lower()))
                yield _source(root, match[2], path, line.number, _verdict(insecure, trusted), match[3] or "")


def _stanza_sources(root: Root, insecure: bool) -> Iterator[UpdateSource]:
    for path, text in root.texts(folder="/etc/apt/sources.list.d", ending=".sources"):
        for stanza in _stanzas(text):
            told = {key.strip().lower(): value.strip().lower() for _, key, value in stanza}
            if told.get("enabled") in ("no", "false", "0"):
                continue
            # With several suites the first speaks for the source.
            suite = next((word for _, key, value in stanza if key.lower() == "suites" for word in value.split()), "")
            trusted = "yes" in (told.get("trusted"), told.get("allow-insecure"))
            for number, key, value in stanza:
                if key.lower() == "uris":
                    for url in value.split():
                        yield _source(root, url, path, number, _verdict(insecure, trusted), suite)


def _stanzas(text: str) -> Iterator[list[tuple[int, str, str]]]:
    """The fields of each stanza of a deb822 file, with their lines; empty lines part them (deb822(5))."""
    fields: list[tuple[int, str, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        key, is_field, value = line.partition(":")
        if not line.strip() and fields:
            yield fields
            fields = []
        elif line.startswith((" ", "\t")) and fields:
            at, name, before = fields[-1]
            fields[-1] = (at, name, f"{before} {line.strip()}")
        elif is_field and not line.startswith("#"):
            fields.append((number, key.strip(), value.strip()))


def _unattended(root: Root, confs: list[tuple[str, str]]) -> Iterator[UpdateTrait]:
    """unattended-upgrades, which apt's own timer or cron job runs every so many days."""
    found = [
        (path, line.number, m[1]) for path, text in confs for line in lines(text) if (m := _EVERY.search(line.text))
    ]
    if not found or not root.program(_PROGRAM, "unattended-upgrades"):
        return
    path, number, days = found[-1]
    if days == "0":
        return
    started = any(turns(root, "apt.systemd.daily")) or root.has("/etc/cron.daily/apt-compat")
    period = DAY if days == "always" else int(days) * DAY
    said = f"unattended-upgrades every {days} days" + ("" if started else ", and nothing runs apt by the clock")
    yield root.trait("automatic", started, said, path=path, line=number, period=period if started else 0)


def _durable(root: Root, confs: list[tuple[str, str]]) -> Iterator[UpdateTrait]:
    """Dpkg has what it unpacked written out before it renames it, unless it is told not to."""
    parts = [(p, t) for p, t in root.texts(folder="/etc/dpkg/dpkg.cfg.d") if _PART.fullmatch(p.rpartition("/")[2])]
    told = [(p, line) for p, t in (*root.texts("/etc/dpkg/dpkg.cfg"), *parts) for line in lines(t, "#")]
    told = [(path, line) for path, line in told if _UNSAFE.match(line.text)]
    told += [(p, line) for p, text in confs for line in lines(text) if "--force-unsafe-io" in line.text]
    if told:
        path, line = told[0]
        yield root.trait("durable-write", False, "dpkg is told force-unsafe-io", path=path, line=line.number)
    else:
        yield root.trait("durable-write", True, "dpkg writes out what it unpacked before it renames it")


def _recovers(root: Root, confs: list[tuple[str, str]], unattended: tuple[UpdateTrait, ...]) -> Iterator[UpdateTrait]:
    """Whether what upgrades by the clock goes on after an upgrade that was cut off; a person would see to it."""
    configures = next((c for c in root.calls("dpkg") if "--configure" in c.argv), None)
    if configures is not None:
        said = "dpkg --configure is called"
        yield root.trait("recovers", True, said, path=configures.path, line=configures.line)
    elif any(trait.holds.known for trait in unattended):
        yield _repairs(root, confs)
    elif not root.start_problem:
        turn = next(turns(root, *PROGRAMS["apt"], words=_UPGRADE), None)
        if turn is not None:
            said = "apt refuses to go on until somebody calls dpkg --configure -a, and nothing does"
            yield root.trait("recovers", False, said, path=turn.path, line=turn.line)


def _repairs(root: Root, confs: list[tuple[str, str]]) -> UpdateTrait:
    found = [
        (path, line.number, m[1].lower() not in _FALSE)
        for path, text in confs
        for line in lines(text)
        if (m := _REPAIRS.search(line.text))
    ]
    if len({repairs for _, _, repairs in found}) > 1:
        return root.trait("recovers", None, "AutoFixInterruptedDpkg is set to both; which counts is apt's to say")
    path, number, repairs = found[-1] if found else ("", 0, True)
    said = "AutoFixInterruptedDpkg is switched off" if not repairs else "unattended-upgrades repairs what was cut off"
    return root.trait("recovers", repairs, said, path=path, line=number)
