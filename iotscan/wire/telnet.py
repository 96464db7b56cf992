"""Telnet: negotiation apart from text, refusals, and what the last line asks for (RFC 854, RFC 855, RFC 1143)."""

import re
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

IAC: Final = 0xFF
_SE, _SB, _WILL, _WONT, _DO, _DONT = 0xF0, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE
_REFUSAL: Final = {_DO: _WONT, _WILL: _DONT}

Asks = Literal["login", "password", "shell", "unknown"]


class Demand(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One WILL, WONT, DO or DONT of the peer: the verb's byte and the option's."""

    verb: int
    option: int


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """What stood in the bytes of a telnet peer.

    ``rest`` is the beginning of a command that is not complete yet: put it before the next bytes.
    """

    text: bytes
    demands: tuple[Demand, ...] = ()
    rest: bytes = b""


def split(data: bytes) -> Stream:
    """Take the commands out of what a telnet peer sent. Never raises."""
    text = bytearray()
    demands: list[Demand] = []
    at = 0
    while at < len(data):
        if data[at] != IAC:
            end = data.find(IAC, at)
            end = len(data) if end < 0 else end
            text += data[at:end]
            at = end
            continue
        length = _command_length(data, at)
        if length == 0:
            return Stream(text=bytes(text), demands=tuple(demands), rest=data[at:])
        if data[at + 1] == IAC:
            text.append(IAC)
        elif _WILL <= data[at + 1] <= _DONT:
            demands.append(Demand(verb=data[at + 1], option=data[at + 2]))
        at += length
    return Stream(text=bytes(text), demands=tuple(demands))


def _command_length(data: bytes, at: int) -> int:
    """The length of the command at ``at``; 0 while it is incomplete."""
    if at + 1 >= len(data):
        return 0
    verb = data[at + 1]
    if _WILL <= verb <= _DONT:
        return 3 if at + 2 < len(data) else 0
    if verb != _SB:
        return 2
    end = at + 2
    while (end := data.find(IAC, end)) >= 0 and end + 1 < len(data):
        if data[end + 1] == _SE:
            return end + 2 - at
        end += 2
    return 0


def refuse(demands: Iterable[Demand]) -> bytes:
    """The answer that declines every option asked for or offered; each option once."""
    refused = dict.fromkeys((_REFUSAL[d.verb], d.option) for d in demands if d.verb in _REFUSAL)
    return b"".join(bytes((IAC, verb, option)) for verb, option in refused)


def line(text: str) -> bytes:
    """A line as a terminal sends it: UTF-8, IAC doubled, CR LF at the end."""
    return text.encode("utf-8", "replace").replace(b"\xff", b"\xff\xff") + b"\r\n"


_ESCAPES = re.compile(rb"\x1b(?:\[[0-?]{0,32}[ -/]{0,4}[@-~]|\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|[@-Z\\-_=>78])")
_LOGIN = re.compile(r"(?<!last )\b(?:login|log in|user|user ?name|user ?id|account)(?: name)? ?[:>]$")
_PASSWORD = re.compile(r"\b(?:password|passwd|passcode|passphrase)(?: for [^ :]{1,64})? ?[:>]$")
_WORD = r"[\w@:~/.\\\-()\[\]]{1,64}"
_PROMPT = re.compile(
    rf"(?:{_WORD}|[\w.@\-]{{1,32}}[@:]?[\w.\-]{{0,32}} [/~]{_WORD}|[/~]|\[\w[^\[\]]{{0,48}}\]) ?[#$%>]"
)
_REPEATERS = re.compile(r"boot|^=>$|^\(gdb\)|^[a-z0-9][\w.\-]* #$|^(?:ath|ar\d{4}|rtl\w{0,8}|marvell|mt\d{4})>+$")
_BARE_PROMPTS: Final = frozenset({"#", "$", "%", ">", ">>>", "->", "=>", "~>"})
_QUESTIONS: Final = frozenset({"choice", "select", "selection", "option", "menu", "more", "continue", "enter"})
_LONGEST_PROMPT = 96


def last_line(text: bytes) -> str:
    """What stands after the last line break, without colours, cursor queries and outer blanks."""
    tail = _ESCAPES.sub(b"", text[-1024:]).replace(b"\x00", b"")
    return re.split(rb"[\r\n]", tail)[-1].decode("utf-8", "replace").strip()


def is_text(data: bytes) -> bool:
    """True for words a person may read, as come before a prompt; False for nothing and for binary protocols."""
    shown = _ESCAPES.sub(b"", split(data).text)
    return bool(shown.strip()) and all(b >= 0x20 or b in b"\t\r\n\0\a\b\x1b" for b in shown)


def classify(text: bytes) -> Asks:
    """What the last line of a banner asks for.

    A shell prompt is a short last line that ends in ``#``, ``$``, ``%`` or ``>``: such a sign alone,
    after one word (``router>``), after a path (``root@cam /tmp #``) or after brackets
    (``[admin@MikroTik] >``). A border of such signs, a framed headline (``# Welcome #``), a
    percentage, the question of a menu and a sentence are none.
    """
    prompt = last_line(text)
    if not prompt or len(prompt) > _LONGEST_PROMPT:
        return "unknown"
    if _LOGIN.search(prompt.lower()):
        return "login"
    if _PASSWORD.search(prompt.lower()):
        return "password"
    return "shell" if _is_shell_prompt(prompt) else "unknown"


def may_repeat(prompt: str) -> bool:
    """Whether a prompt may be that of a boot loader, in which an empty line runs the last command once more.

    U-Boot does (``CONFIG_SYS_PROMPT``: ``=>``, ``U-Boot>``, ``hisilicon #``, ``ath>``); GDB does, too.
    """
    return bool(_REPEATERS.search(prompt.strip().lower()))


def _is_shell_prompt(prompt: str) -> bool:
    if prompt in _BARE_PROMPTS:
        return True
    before = prompt[:-1].rstrip()
    if not _PROMPT.fullmatch(prompt) or before.lower() in _QUESTIONS:
        return False
    if prompt[-1] == "%" and before[-1].isdigit():
        return False
    return any(c.isalnum() or c in "/~" for c in before)
