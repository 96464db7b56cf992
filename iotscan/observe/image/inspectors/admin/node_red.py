"""Node-RED's editor (its documentation, "Securing Node-RED"): open to all unless ``adminAuth`` is set.

settings.js is a program: what stands in it as a setting is read, nothing is run. Without a file the first start makes
one in which ``adminAuth`` is commented out.
"""

import posixpath
import re
from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import AdminInterface
from iotscan.observe.image.configuration.places import faces_network
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.tree import Tree

_LIMIT = 256 * 1024
_USUAL = ("/root/.node-red", "/data", "/var/lib/node-red", "/etc/node-red", "/usr/src/node-red/data", "/opt/node-red")
_BEGINS = re.compile(r"[\"'`]|//|/\*")
_WITHIN = {
    '"': re.compile(r"(?:[^\"\\\n]|\\.)*", re.S),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*", re.S),
    "`": re.compile(r"(?:[^`\\]|\\.)*", re.S),
}
"""What a text in such marks holds."""


def interfaces(tree: Tree) -> Iterator[AdminInterface]:
    """The editor of each started Node-RED. Raises Unreadable."""
    for service in startup_of(tree).services:
        words = (service.program, *service.arguments)
        if any(posixpath.basename(word) in ("node-red", "node-red-pi", "red.js") for word in words):
            yield from _editor(tree, service)


def _editor(tree: Tree, service: Service) -> Iterator[AdminInterface]:
    path = _settings(tree, service)
    text = _without_comments(tree.read(path, _LIMIT).decode("utf-8", "replace")) if path else ""
    if re.search(r"\b(?:httpAdminRoot|httpRoot|disableEditor)\s*:\s*(?:false|true)\b", text) and _is_off(text):
        return
    said = re.search(r"\badminAuth\s*:", text)
    port = re.search(r"\buiPort\s*:[^,\n]*?\b(\d{2,5})\b", text)
    host = re.search(r"\buiHost\s*:\s*[\"']([^\"']{1,64})[\"']", text)
    place = said or port or re.search(r"\bmodule\.exports\b", text)
    yield AdminInterface(
        path=tree.show(path or service.path),
        line=text.count("\n", 0, place.start()) + 1 if place else (service.line if not path else 0),
        product="Node-RED",
        port=_port(service, int(port[1]) if port else 1880),
        faces_network=faces_network(host[1] if host else ""),
        authentication="password" if said else "none",
        is_default=not said,
        runs_code=True,
        tls=Answer.of(bool(re.search(r"\bhttps\s*:", text))),
    )


def _is_off(text: str) -> bool:
    return bool(re.search(r"\b(?:httpAdminRoot|httpRoot)\s*:\s*false|\bdisableEditor\s*:\s*true", text))


def _port(service: Service, port: int) -> int:
    words = service.arguments
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-p", "--port")]
    return int(given[0]) if given and given[0].isdecimal() and int(given[0]) < 65536 else port


def _settings(tree: Tree, service: Service) -> str:
    words = service.arguments
    folders = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-u", "--userDir")]
    given = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-s", "--settings")]
    homes = [f"{entry.path}/.node-red" for entry in tree.children("/home")]
    places = [*given, *(f"{folder.rstrip('/')}/settings.js" for folder in (*folders, *_USUAL, *homes))]
    return next((place for place in places if place.startswith("/") and tree.find(place) is not None), "")


def _without_comments(text: str) -> str:
    """The text with comments blanked, so that lines stay where they are. Linear, whatever does not end."""
    parts: list[str] = []
    kept = at = 0
    # A text that does not end in one place ends in no later one before that, either.
    endless = dict.fromkeys((*_WITHIN, "/*"), 0)
    while (found := _BEGINS.search(text, at)) is not None:
        mark, at = found[0], found.end()
        if at <= endless.get(mark, 0):
            continue
        if mark in _WITHIN:
            held = _WITHIN[mark].match(text, at)
            stop = held.end() if held is not None else at
            if text[stop : stop + 1] == mark:
                at = stop + 1
            else:
                endless[mark] = stop
            continue
        stop = text.find("\n" if mark == "//" else "*/", at)
        if mark == "/*" and stop < 0:
            endless[mark] = len(text)
            continue
        at = len(text) if stop < 0 else stop if mark == "//" else stop + 2
        parts += (text[kept : found.start()], re.sub(r"[^\n]", " ", text[found.start() : at]))
        kept = at
    return "".join((*parts, text[kept:]))
