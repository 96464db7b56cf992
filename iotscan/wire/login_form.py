"""The login form of a page: where it sends what, and whether we can fill it in as a browser would (HTML, section 4.10).

Scripts are not run. A form that only a script sends is told as such; one that a script may change on its way is sent
as it stands, and a refusal of that proves nothing.
"""

import re
from typing import Final

import msgspec

from iotscan.wire.html import Tag, tags

_TEXTS: Final = frozenset({"", "text", "email", "tel", "search", "number"})
_HANDLERS: Final = (b"onsubmit", b"onclick")
_SETS_ONE: Final = re.compile(
    r"new|creat|confirm|regist|sign-?_?up|setup|set-?_?pass|wizard|first|init|choose|change|repeat"
)
"""Words of a form that sets a password or makes an account: filled in, it would change the device."""
_ASKS_FOR_ONE: Final = re.compile(r"log-?_? ?(?:in|on)|sign-?_? ?in|auth|unlock|anmeld|connexion|session|acce[sd]")
"""Words of a form that lets somebody in, of which one that asks for a password alone has to show one."""
_SETTINGS: Final = re.compile(r"save|apply|config|cfg|settings?|install|provision")
"""Words of a page of settings, where the form speaks of no login: one that is open to all holds passwords, too."""
_IS_SET: Final = re.compile(r"wi-?fi|wlan|wireless|ssid|(?<![a-z])(?:psk|wpa|wep|ppp|ddns|dyndns|smtp|ftp|vpn|proxy)")
"""Names of fields that hold what a device shall use, and no login to itself."""
_CODE: Final = re.compile(
    r"otp|2fa|mfa|captcha|one[-_]?time|passcode|(?:verif\w{0,8}|auth\w{0,12}|security|sms)[-_]?code|^(?:code|token|pin)$",
    re.IGNORECASE,
)
"""Names of fields for a second factor, or for what no machine can read."""
_FORMS: Final = 16
_FIELDS: Final = 64


class LoginForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form with a password field. Raw device text throughout.

    ``user`` and ``password`` name the two fields, ``user`` is empty where only a password is asked for. ``hidden``
    are fields that nobody sees, ``chosen`` what is chosen beforehand and the first button: both are sent as they stand.
    """

    action: str = ""
    user: str = ""
    password: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    chosen: tuple[tuple[str, str], ...] = ()
    says_login: bool = False
    """What it is called, where it is sent or what its button says speaks of a login."""
    obstacle: str = ""
    """Why it cannot be filled in here; empty where it can."""

    def sets_at(self, path: str) -> bool:
        """Whether it may set something where it is sent to ``path``, which it need not name itself."""
        return not self.says_login and _SETTINGS.search(path.lower()) is not None


def login_form(body: bytes) -> LoginForm | None:
    """The first form of a page that asks for a password; None without one. Never raises."""
    reader: _FormReader | None = None
    seen = 0
    for tag in tags(body):
        if tag.name != b"form":
            if reader is not None:
                reader.take(tag)
            continue
        if reader is not None and (form := reader.form()):
            return form
        seen += not tag.is_end
        reader = None if tag.is_end or seen > _FORMS else _FormReader(tag)
    return reader.form() if reader is not None else None


def asks_for_code(body: bytes) -> bool:
    """Whether a page has a field for a code: of a second factor, or in a picture. Never raises."""
    fields = (tag.attributes for tag in tags(body) if tag.name == b"input" and not tag.is_end)
    shown = (f for f in fields if f.get(b"type", "").strip().lower() in _TEXTS)
    return any(
        f.get(b"autocomplete", "").strip().lower() == "one-time-code"
        or any(_CODE.search(f.get(name, "")[:64]) for name in (b"name", b"id"))
        for f in shown
    )


class _FormReader:
    """The fields of one form, as they come."""

    def __init__(self, tag: Tag) -> None:
        given = tag.attributes
        self._action = given.get(b"action", "")
        self._method = given.get(b"method", "get").strip().lower()
        self._is_multipart = given.get(b"enctype", "").strip().lower() not in ("", "application/x-www-form-urlencoded")
        self._is_scripted = _is_scripted(tag) or self._action.strip().lower().startswith("javascript:")
        self._passwords: list[str] = []
        self._texts: list[str] = []
        self._hidden: list[tuple[str, str]] = []
        self._chosen: list[tuple[str, str]] = []
        self._select = ""
        self._has_button = self._is_filled = False
        self._words = [self._action, *_named(tag)]

    def take(self, tag: Tag) -> None:
        given = tag.attributes
        if tag.name == b"select":
            self._select = "" if tag.is_end else given.get(b"name", "")
        elif tag.is_end or len(self._hidden) + len(self._chosen) + len(self._texts) > _FIELDS:
            return
        elif tag.name == b"option" and self._select:
            self._choose(given.get(b"value", ""), is_selected=b"selected" in given)
        elif tag.name == b"input":
            self._take_input(tag, given.get(b"type", "").strip().lower(), given.get(b"name", ""))
        elif tag.name == b"button" and given.get(b"type", "submit").strip().lower() == "submit":
            self._press(tag)

    def _choose(self, value: str, *, is_selected: bool) -> None:
        """The option that is selected, else the first."""
        has_one = any(name == self._select for name, _ in self._chosen)
        if is_selected and has_one:
            self._chosen = [(name, kept) for name, kept in self._chosen if name != self._select]
        if is_selected or not has_one:
            self._chosen.append((self._select, value))

    def _take_input(self, tag: Tag, kind: str, name: str) -> None:
        value = tag.attributes.get(b"value", "")
        if kind != "hidden":
            self._words += _named(tag)
        if kind == "password":
            self._passwords.append(name)
            self._is_filled |= bool(value.strip())
        elif kind in ("submit", "image"):
            self._press(tag)
        elif kind == "button":
            self._is_scripted |= _is_scripted(tag) and not self._has_button
        elif kind == "hidden":
            self._hidden += [(name, value)] if name else []
        elif kind in ("checkbox", "radio"):
            self._chosen += [(name, value or "on")] if name and b"checked" in tag.attributes else []
        elif kind in _TEXTS:
            self._texts.append(name)

    def _press(self, tag: Tag) -> None:
        """A browser sends the button that is pressed: the first."""
        if self._has_button:
            return
        self._has_button = True
        self._is_scripted |= _is_scripted(tag)
        self._words += (*_named(tag), tag.attributes.get(b"value", ""))
        name = tag.attributes.get(b"name", "")
        if name and tag.attributes.get(b"type", "").lower() != "image":
            self._chosen.append((name, tag.attributes.get(b"value", "")))

    def form(self) -> LoginForm | None:
        if not self._passwords:
            return None
        return LoginForm(
            action=self._action,
            user=self._texts[0] if self._texts else "",
            password=self._passwords[0],
            hidden=tuple(self._hidden),
            chosen=tuple(self._chosen),
            says_login=self._says_login(),
            obstacle=self._obstacle(),
        )

    def _says_login(self) -> bool:
        return _ASKS_FOR_ONE.search(" ".join(self._words).lower()) is not None

    def _sets(self) -> bool:
        """Whether what is filled in would be kept: no login shows the password it wants, nor speaks of networks."""
        names = " ".join((*self._texts, *self._passwords)).replace("_", "-").lower()
        is_of_settings = _SETTINGS.search(" ".join(self._words).lower()) is not None and not self._says_login()
        return self._is_filled or _IS_SET.search(names) is not None or is_of_settings

    def _obstacle(self) -> str:
        if len(self._passwords) > 1:
            return "it asks for a new password, and for no login"
        words = " ".join(self._words).lower()
        if _SETS_ONE.search(words) or not (self._texts or _ASKS_FOR_ONE.search(words)):
            return "it may set a new password, or make an account"
        if self._sets():
            return "it may set something, and asks for no login"
        if self._is_scripted or not self._passwords[0] or "" in self._texts:
            return "a script sends it"
        if len(self._texts) > 1:
            return "it asks for more than a user and a password"
        if self._method != "post":
            return "it would put the password into an address"
        return "it is not sent as plain fields" if self._is_multipart else ""


def _named(tag: Tag) -> tuple[str, ...]:
    """What names a field or a form to its makers."""
    return tuple(tag.attributes.get(key, "") for key in (b"name", b"id", b"class", b"autocomplete"))


def _is_scripted(tag: Tag) -> bool:
    return any(handler in tag.attributes for handler in _HANDLERS)
