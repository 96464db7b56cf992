"""What a scanner needs of a page: title, forms, links, where it sends the browser on.

A scanner of tags in linear time: Python's ``html.parser`` takes minutes for 128 KiB of ``<a =``.
Scripts are not run, so what only a script draws is not seen.
"""

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

import msgspec

from iotscan.model.text import safe_text

PAGE_CAP: Final = 1024 * 1024
"""Bytes of a page that are looked at."""
_LIMIT = 256
_RAW_TEXT: Final = frozenset({b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"})
_NAME = re.compile(rb"[a-z][^\s/>]{0,63}")
_ATTRIBUTE = re.compile(rb"[\s/]*([^\s/>=]{1,128})(\s*=\s*)?")
_UNQUOTED = re.compile(rb"[^\s>]*")
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]\s*url\s*=\s*['\"]?([^'\"]{1,1000})", re.IGNORECASE)


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """One form: its raw action, and whether it holds a password or a file field."""

    action: str = ""
    is_multipart: bool = False
    has_password: bool = False
    has_file: bool = False

    @property
    def is_upload(self) -> bool:
        """True when it would send a file."""
        return self.has_file and self.is_multipart


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a page. Links are raw device text; the title is safe.

    ``has_password`` counts fields outside forms too; ``onward`` is the target of a meta refresh or the
    first frame, empty without one.
    """

    title: str = ""
    forms: tuple[Form, ...] = ()
    links: tuple[str, ...] = ()
    has_password: bool = False
    has_script: bool = False
    scripts: tuple[str, ...] = ()
    """Where scripts that are files of their own stand: raw device text."""
    onward: str = ""


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """One tag: name and names of attributes in lower case, values and the text of a raw one as the device says them."""

    name: bytes
    attributes: dict[bytes, str]
    text: bytes = b""
    is_end: bool = False


def read_page(body: bytes) -> Page:
    """Read the first PAGE_CAP bytes of an HTML page. Never raises; time grows with the length alone."""
    reader = _PageReader()
    for tag in tags(body[:PAGE_CAP]):
        reader.take(tag)
    return reader.page()


class _PageReader:
    def __init__(self) -> None:
        self._title = self._onward = ""
        self._forms: list[Form] = []
        self._links: list[str] = []
        self._scripts: list[str] = []
        self._open: Form | None = None
        self._has_password = self._has_script = False

    def take(self, tag: Tag) -> None:
        given = tag.attributes
        if tag.name == b"form":
            self._close_form()
            if not tag.is_end:
                multipart = given.get(b"enctype", "").strip().lower() == "multipart/form-data"
                self._open = Form(action=given.get(b"action", ""), is_multipart=multipart)
        elif tag.is_end:
            return
        elif tag.name == b"title" and not self._title:
            self._title = safe_text(unescape(tag.text[:2048].decode("utf-8", "backslashreplace")))
        elif tag.name == b"script":
            self._has_script = True
            if given.get(b"src") and len(self._scripts) < _LIMIT:
                self._scripts.append(given[b"src"])
        elif tag.name == b"input":
            self._take_input(given)
        elif tag.name in (b"a", b"area", b"link") and given.get(b"href") and len(self._links) < _LIMIT:
            self._links.append(given[b"href"])
        elif not self._onward:
            self._onward = _onward(tag)

    def _take_input(self, given: dict[bytes, str]) -> None:
        kind = given.get(b"type", "").strip().lower()
        self._has_password |= kind == "password"
        if self._open is not None and kind in ("password", "file"):
            changed = {"has_password": True} if kind == "password" else {"has_file": True}
            self._open = msgspec.structs.replace(self._open, **changed)

    def _close_form(self) -> None:
        if self._open is not None and len(self._forms) < _LIMIT:
            self._forms.append(self._open)
        self._open = None

    def page(self) -> Page:
        self._close_form()
        return Page(
            title=self._title,
            forms=tuple(self._forms),
            links=tuple(self._links),
            has_password=self._has_password,
            has_script=self._has_script,
            scripts=tuple(self._scripts),
            onward=self._onward,
        )


def _onward(tag: Tag) -> str:
    given = tag.attributes
    if tag.name == b"meta" and given.get(b"http-equiv", "").strip().lower() == "refresh":
        target = _REFRESH.match(given.get(b"content", ""))
        return target[1].strip() if target else ""
    return given.get(b"src", "") if tag.name in (b"frame", b"iframe") else ""


def tags(body: bytes) -> Iterator[Tag]:
    """Every tag, in order. A construct without its end swallows the rest, as in a browser."""
    lower = body.lower()
    at = 0
    while (at := lower.find(b"<", at)) >= 0:
        if lower.startswith(b"<!--", at):
            at = _after(lower, b"-->", at + 4)
        elif lower.startswith((b"<!", b"<?"), at):
            at = _after(lower, b">", at + 2)
        else:
            is_end = lower.startswith(b"/", at + 1)
            name = _NAME.match(lower, at + 1 + is_end)
            if name is None:
                at += 1
                continue
            attributes, at = _attributes(body, lower, name.end())
            text = b""
            if name[0] in _RAW_TEXT and not is_end and at >= 0:
                end = lower.find(b"</" + name[0], at)
                text, at = (body[at:end], end) if end >= 0 else (b"", -1)
            yield Tag(name=name[0], attributes=attributes, text=text, is_end=is_end)
        if at < 0:
            return


def _after(text: bytes, end: bytes, at: int) -> int:
    """The place behind the next ``end``; -1 without one."""
    found = text.find(end, at)
    return found + len(end) if found >= 0 else -1


def _attributes(body: bytes, lower: bytes, at: int) -> tuple[dict[bytes, str], int]:
    """The attributes from ``at`` to the end of the tag and the place behind it; -1 when the tag never ends."""
    found: dict[bytes, str] = {}
    while attribute := _ATTRIBUTE.match(lower, at):
        at = attribute.end()
        value = b""
        if attribute[2]:
            quote = body[at : at + 1]
            if quote in (b'"', b"'"):
                end = body.find(quote, at + 1)
                if end < 0:
                    return found, -1
                value, at = body[at + 1 : end], end + 1
            else:
                unquoted = _UNQUOTED.match(body, at)
                value, at = (unquoted[0], unquoted.end()) if unquoted else (b"", at)
        if len(found) < _LIMIT:
            found.setdefault(attribute[1], unescape(value[:4096].decode("utf-8", "backslashreplace")))
    return found, _after(lower, b">", at)
