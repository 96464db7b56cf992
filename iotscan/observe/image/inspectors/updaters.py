"""Where an image gets updates and packages from, and whether it verifies them.

Sources: opkg (OpenWrt package manager documentation), apk-repositories(5), sources.list(5),
apt.conf(5), dnf.conf(5), RAUC reference manual (system.conf), SWUpdate documentation (swupdate.cfg),
Mender documentation (mender.conf), ostree.repo-config(5).
"""

import configparser
import json
import re
from collections.abc import Callable, Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import Updater, Updaters
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.installed_updaters import installed_updaters
from iotscan.observe.image.startup import container
from iotscan.observe.image.startup.boot_commands import boot_commands
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_FILE_LIMIT = 256 * 1024
_CONFIGURATIONS = (
    ("rauc", "/etc/rauc/system.conf"),
    ("rauc", "/usr/lib/rauc/system.conf"),
    ("swupdate", "/etc/swupdate.cfg"),
    ("swupdate", "/etc/swupdate/swupdate.cfg"),
    ("mender", "/etc/mender/mender.conf"),
    ("mender", "/var/lib/mender/mender.conf"),
)
"""Of updaters that install whole images, beside whose configuration nothing else tells of them."""
_ENCRYPTED = ("https://", "ssh://", "file:", "/")
_SWUPDATE_KEY = re.compile(r"\b(?:public-key-file|ca-path)\s*=\s*\"[^\"]")
_SWUPDATE_OPTION = re.compile(r"-k.*|--key(?:=.*)?|--ca-path(?:=.*)?")
Found = Iterator[Updater]


def _inspect(tree: Tree) -> Heard:
    readers: tuple[Callable[[Tree], Found], ...] = (
        _opkg,
        _apk,
        _apt_lists,
        _apt_sources,
        _dnf,
        _rauc,
        _swupdate,
        _mender,
        _ostree,
        _out_of_reach,
    )
    try:
        found = tuple(updater for read in readers for updater in read(tree))
        is_container = container.is_container(tree)
        found += tuple(installed_updaters(tree, {updater.system for updater in found}))
    except Unreadable as error:
        return all_missed((Updaters,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"update configuration: {error}")
    shown = tuple(msgspec.structs.replace(updater, path=tree.show(updater.path)) for updater in found)
    return Heard(facts=(Updaters(updaters=shown, in_container=is_container),))


def _files(tree: Tree, *paths: str, folder: str = "", suffix: str = "") -> Iterator[tuple[str, str]]:
    named = [p for p in paths if (e := tree.find(p)) is not None and e.kind == "file"]
    listed = [e.path for e in tree.children(folder) if e.path.endswith(suffix)] if folder else []
    for path in (*named, *listed):
        yield path, tree.whole(path, _FILE_LIMIT).decode("utf-8", "replace")


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.strip()
        if content and not content.startswith(("#", ";", "//")):
            yield number, content


def _source(url: str) -> str:
    # A feed's address may carry a user name and password, or a token behind its path: they are nobody's business.
    place, asks, _ = re.sub(r"//[^/@\s]*@", "//", url).partition("?")
    return safe_text(f"{place}?…" if asks else place, 200)


def _updater(path: str, line: int, system: str, url: str, verifies: Answer[bool], detail: str) -> Updater:
    return Updater(
        path=path,
        line=line,
        system=system,  # type: ignore[arg-type]  # every caller passes one of the literals
        source=_source(url),
        encrypted=url.startswith(_ENCRYPTED),
        verifies=verifies,
        detail=detail,
    )


def _opkg(tree: Tree) -> Found:
    files = list(_files(tree, "/etc/opkg.conf", folder="/etc/opkg", suffix=".conf"))
    options = [content.split() for _, text in files for _, content in _numbered(text)]
    checked = any(o[:2] == ["option", "check_signature"] and (len(o) < 3 or o[2] != "0") for o in options)
    detail = "check_signature is set" if checked else "no 'option check_signature'"
    for path, text in files:
        for number, content in _numbered(text):
            words = content.split()
            if words[0] in ("src", "src/gz") and len(words) >= 3:
                yield _updater(path, number, "opkg", words[2], Answer.of(checked), detail)


def _apk(tree: Tree) -> Found:
    for path, text in _files(tree, "/etc/apk/repositories", folder="/etc/apk/repositories.d", suffix=".list"):
        for number, content in _numbered(text):
            url = content.split()[-1]
            yield _updater(path, number, "apk", url, Answer.of(True), "apk verifies signed indexes unless told not to")


def _apt_insecure(tree: Tree) -> bool:
    pattern = re.compile(r"Allow(?:Insecure|Unauthenticated|Weak)\w*\s+\"?(?:true|yes|1)", re.IGNORECASE)
    texts = _files(tree, "/etc/apt/apt.conf", folder="/etc/apt/apt.conf.d")
    return any(pattern.search(content) for _, text in texts for _, content in _numbered(_without_blocks(text)))


def _without_blocks(text: str) -> str:
    """Text whose ``/* … */`` are emptied; every line stays where it is."""
    return re.sub(r"/\*.*?\*/", lambda found: "\n" * found[0].count("\n"), text, flags=re.DOTALL)


def _apt_verdict(insecure: bool, trusted: bool) -> tuple[Answer[bool], str]:
    if insecure:
        return Answer.of(False), "apt.conf allows unauthenticated repositories"
    if trusted:
        return Answer.of(False), "trusted=yes or allow-insecure=yes switches verification off"
    return Answer.of(True), "apt verifies the repository's signature"


def _apt_lists(tree: Tree) -> Found:
    insecure = _apt_insecure(tree)
    for path, text in _files(tree, "/etc/apt/sources.list", folder="/etc/apt/sources.list.d", suffix=".list"):
        for number, content in _numbered(text):
            match = re.match(r"deb\s+(\[[^\]]*\]\s+)?(\S+)", content)
            if match:
                trusted = bool(re.search(r"\b(?:trusted|allow-insecure)=yes", (match[1] or "").lower()))
                yield _updater(path, number, "apt", match[2], *_apt_verdict(insecure, trusted))


def _apt_sources(tree: Tree) -> Found:
    insecure = _apt_insecure(tree)
    for path, text in _files(tree, folder="/etc/apt/sources.list.d", suffix=".sources"):
        for stanza in _stanzas(text):
            told = {key.strip().lower(): value.strip().lower() for _, key, value in stanza}
            if told.get("enabled") in ("no", "false", "0"):
                continue
            trusted = "yes" in (told.get("trusted"), told.get("allow-insecure"))
            for number, key, value in stanza:
                if key.lower() == "uris":
                    for url in value.split():
                        yield _updater(path, number, "apt", url, *_apt_verdict(insecure, trusted))


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


def _ini(text: str) -> configparser.ConfigParser | None:
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser


def _line_of(text: str, needle: str) -> int:
    return next((n for n, content in _numbered(text) if needle in content), 0)


def _unreadable(path: str, system: str) -> Updater:
    return _updater(path, 0, system, "", Answer.missing(Reason.UNREADABLE, f"{path} does not parse"), "does not parse")


def _dnf_default(tree: Tree) -> str:
    """dnf.conf(5): what ``[main]`` says holds for each repository that says nothing."""
    mains = (_ini(text) for _, text in _files(tree, "/etc/dnf/dnf.conf", "/etc/yum.conf"))
    return next((m.get("main", "gpgcheck", fallback="") or "" for m in mains if m is not None), "")


def _dnf(tree: Tree) -> Found:
    default = _dnf_default(tree)
    for path, text in _files(tree, folder="/etc/yum.repos.d", suffix=".repo"):
        parser = _ini(text)
        if parser is None:
            yield _unreadable(path, "dnf")
            continue
        for section in parser.sections():
            url = parser.get(section, "baseurl", fallback="") or parser.get(section, "metalink", fallback="") or ""
            if (parser.get(section, "enabled", fallback="1") or "1").lower() in ("0", "no", "false", "off"):
                continue
            checked = (parser.get(section, "gpgcheck", fallback=default) or "").lower() in ("1", "yes", "true", "on")
            line = _line_of(text, f"[{section}]")
            yield _updater(path, line, "dnf", url, Answer.of(checked), "gpgcheck=1" if checked else "gpgcheck is not 1")


def _rauc(tree: Tree) -> Found:
    for path, text in _files(tree, "/etc/rauc/system.conf", "/usr/lib/rauc/system.conf"):
        parser = _ini(text)
        if parser is None:
            yield _unreadable(path, "rauc")
            continue
        keyring = parser.get("keyring", "path", fallback="") or parser.get("keyring", "directory", fallback="")
        detail = "keyring configured" if keyring else "no [keyring] path"
        yield _updater(path, _line_of(text, "[keyring]"), "rauc", "", Answer.of(bool(keyring)), detail)


def _swupdate(tree: Tree) -> Found:
    for path, text in _files(tree, "/etc/swupdate.cfg", "/etc/swupdate/swupdate.cfg"):
        text = _without_blocks(text)
        line = next((n for n, content in _numbered(text) if _SWUPDATE_KEY.search(content)), 0)
        given = "" if line else _swupdate_option(tree)
        url = re.search(r"^[ \t]*url[ \t]*=[ \t]*\"([^\"]*)\"", text, re.MULTILINE)
        detail = "public-key-file is set" if line else given or "no public-key-file"
        yield _updater(path, line, "swupdate", url[1] if url else "", Answer.of(bool(line or given)), detail)


def _swupdate_option(tree: Tree) -> str:
    """Where a command of the start gives swupdate a key, or the files that its start script of Yocto reads."""
    for command in boot_commands(tree):
        if command.name == "swupdate" and any(_SWUPDATE_OPTION.fullmatch(word) for word in command.argv[1:]):
            return f"{tree.show(command.path)}:{command.line} gives it a key"
    for folder in ("/etc/swupdate/conf.d", "/usr/lib/swupdate/conf.d"):
        for path, lines in texts_below(tree, folder):
            for number, content in _numbered("\n".join(lines)):
                if "SWUPDATE_ARGS" in content and re.search(r"[\s\"'](?:-k|--key|--ca-path)[\s=]*[$/\w]", content):
                    return f"{tree.show(path)}:{number} gives it a key"
    return ""


def _mender(tree: Tree) -> Found:
    # The client reads both, and what one says counts for both.
    found: list[tuple[str, dict[str, object]]] = []
    for path, text in _files(tree, "/etc/mender/mender.conf", "/var/lib/mender/mender.conf"):
        try:
            settings = json.loads(text)
        except (ValueError, RecursionError):
            settings = None
        if isinstance(settings, dict):
            found.append((path, settings))
        else:
            yield _unreadable(path, "mender")
    if found:
        settings = {key: value for _, each in reversed(found) for key, value in each.items()}
        path = next((p for p, each in found if each.get("SkipVerify")), found[0][0])
        has_key = bool(settings.get("ArtifactVerifyKey") or settings.get("ArtifactVerifyKeys"))
        skips = any(each.get("SkipVerify") for _, each in found)
        detail = "SkipVerify is true" if skips else "a verify key is set" if has_key else "no ArtifactVerifyKey"
        url = str(settings.get("ServerURL") or "")
        yield _updater(path, 0, "mender", url, Answer.of(has_key and not skips), detail)


def _ostree(tree: Tree) -> Found:
    for path, text in _files(tree, "/ostree/repo/config", folder="/etc/ostree/remotes.d", suffix=".conf"):
        parser = _ini(text)
        if parser is None:
            yield _unreadable(path, "ostree")
            continue
        for section in parser.sections():
            if not section.startswith("remote "):
                continue
            gpg = (parser.get(section, "gpg-verify", fallback="true") or "").lower() != "false"
            signed = (parser.get(section, "sign-verify", fallback="false") or "").lower() != "false"
            url = parser.get(section, "url", fallback="") or ""
            detail = "gpg-verify or sign-verify is on" if gpg or signed else "gpg-verify=false and no sign-verify"
            yield _updater(path, _line_of(text, f"[{section}"), "ostree", url, Answer.of(gpg or signed), detail)


def _out_of_reach(tree: Tree) -> Found:
    """Configurations of image updaters that are named and no file: a link to where data is, a folder."""
    for system, path in _CONFIGURATIONS:
        found = tree.find(path)
        if tree.is_named(path) and (found is None or found.kind != "file"):
            text = f"{path} leads nowhere in the image" if found is None else f"{path} is no file"
            yield _updater(path, 0, system, "", Answer.missing(Reason.UNREADABLE, text), text)


INSPECTOR = Inspector(name="updaters", version=2, gives=(Updaters,), inspect=_inspect)
