"""The protocols of lines: FTP (RFC 4217), SMTP (RFC 3207), IMAP (RFC 9051 section 6.2.1) and POP3 (RFC 2595).

Every one is asked for TLS even where it lists none: only a refusal in its own words proves that it has none. One that
lists TLS and then refuses it has contradicted itself, and is taken at neither word.
"""

from typing import Final

import msgspec

from iotscan.wire.starttls.opening import Garbled, Script, Step, begin_tls, declined, shown, unreadable

_LONGEST = 4096
_MOST_LINES = 200
_QUIT: Final = b"QUIT\r\n"


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """A reply of FTP or SMTP: its number, and its lines as they came (RFC 959 section 4.2, RFC 5321 section 4.2)."""

    number: int
    lines: tuple[bytes, ...]

    @property
    def is_refusal(self) -> bool:
        """A permanent no."""
        return self.number >= 500

    @property
    def shown(self) -> str:
        """Its first line, safe to print."""
        return shown(self.lines[0])


def line(data: bytes) -> tuple[bytes, int] | None:
    """The first line of a stream, without its end, and the bytes it takes. Raises Garbled for one that is too long."""
    end = data.find(b"\n")
    if (len(data) if end < 0 else end) > _LONGEST:
        raise Garbled(f"sent a line of more than {_LONGEST} bytes")
    return (data[:end].rstrip(b"\r"), end + 1) if end >= 0 else None


def numbered(data: bytes) -> tuple[Numbered, int] | None:
    """The first reply of a stream that has numbers, however many lines it takes. Raises Garbled."""
    taken, lines = 0, list[bytes]()
    while found := line(data[taken:]):
        words, size = found
        if not lines and not _has_number(words):
            raise Garbled(f"answered without a reply number: {shown(words)}")
        taken += size
        lines.append(words)
        if words[:3] == lines[0][:3] and words[3:4] != b"-":
            return Numbered(number=int(words[:3]), lines=tuple(lines)), taken
        if len(lines) > _MOST_LINES:
            raise Garbled(f"sent a reply of more than {_MOST_LINES} lines")
    return None


def _has_number(words: bytes) -> bool:
    return words[:1] in (b"1", b"2", b"3", b"4", b"5") and words[:3].isdigit() and words[3:4] in (b" ", b"-", b"")


def ftp() -> Script[Numbered]:
    """AUTH TLS, and AUTH SSL of old servers where that is refused."""
    greeting = yield b""
    while greeting.number < 200:  # "ready in n minutes"
        greeting = yield b""
    if greeting.number != 220:
        return unreadable(f"greets with {greeting.shown}", _QUIT)
    asked = yield b"AUTH TLS\r\n"
    answer = (yield b"AUTH SSL\r\n") if asked.is_refusal else asked
    if answer.number in (234, 334):
        return begin_tls()
    if answer.is_refusal:
        return declined(f"offers no TLS: answers AUTH TLS with {asked.shown}", _QUIT)
    return unreadable(f"answers AUTH with {answer.shown}", _QUIT)


def smtp() -> Script[Numbered]:
    """EHLO, then STARTTLS."""
    greeting = yield b""
    if greeting.number != 220:
        return unreadable(f"greets with {greeting.shown}", _QUIT)
    hello = yield b"EHLO [127.0.0.1]\r\n"
    if hello.number != 250 and hello.number not in (500, 502):
        return unreadable(f"answers EHLO with {hello.shown}", _QUIT)
    is_listed = any(words[4:].strip().upper() == b"STARTTLS" for words in hello.lines[1:])
    answer = yield b"STARTTLS\r\n"
    if answer.number == 220:
        return begin_tls()
    return _refused("STARTTLS", answer.shown, is_plain=answer.is_refusal and not is_listed, leave=_QUIT)


def imap() -> Script[bytes]:
    """CAPABILITY, then STARTTLS."""
    greeting = yield b""
    if greeting[:10].upper() == b"* PREAUTH ":
        return declined(f"lets everybody in before TLS could begin: {shown(greeting)}", b"a1 LOGOUT\r\n")
    if greeting[:5].upper().rstrip() != b"* OK":
        return unreadable(f"greets with {shown(greeting)}")
    is_listed = False
    reply = yield b"a1 CAPABILITY\r\n"
    while reply[:3] != b"a1 ":
        is_listed = is_listed or (reply[:13].upper() == b"* CAPABILITY " and b"STARTTLS" in reply.upper().split())
        reply = yield b""
    reply = yield b"a2 STARTTLS\r\n"
    while reply[:3] != b"a2 ":
        reply = yield b""
    verdict = reply[3:6].upper().rstrip()
    if verdict == b"OK":
        return begin_tls()
    is_plain = verdict in (b"NO", b"BAD") and not is_listed
    return _refused("STARTTLS", shown(reply), is_plain=is_plain, leave=b"a3 LOGOUT\r\n")


def pop3() -> Script[bytes]:
    """CAPA, then STLS."""
    greeting = yield b""
    if greeting[:3].upper() != b"+OK":
        return unreadable(f"greets with {shown(greeting)}", _QUIT)
    is_listed = False
    reply = yield b"CAPA\r\n"
    if reply[:3].upper() == b"+OK":
        while reply != b".":
            is_listed = is_listed or reply.strip().upper() == b"STLS"
            reply = yield b""
    answer = yield b"STLS\r\n"
    if answer[:3].upper() == b"+OK":
        return begin_tls()
    is_plain = answer[:4].upper() == b"-ERR" and not is_listed
    return _refused("STLS", shown(answer), is_plain=is_plain, leave=_QUIT)


def _refused(word: str, answer: str, *, is_plain: bool, leave: bytes) -> Step:
    if is_plain:
        return declined(f"offers no {word}: answers it with {answer}", leave)
    return unreadable(f"answers {word} with {answer}", leave)
