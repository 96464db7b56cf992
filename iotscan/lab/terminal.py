"""The device's side of telnet (RFC 854): lines in, text out, options politely refused."""

from iotscan.lab.place import Hearing, Speaking

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, TERMINAL_TYPE, WINDOW_SIZE = 1, 24, 31
LINE_LIMIT = 256
"""Bytes of one line or one subnegotiation; whoever sends more is cut off."""
TURNS = 200
"""Lines that one caller may type."""

GREETING = bytes((IAC, DO, TERMINAL_TYPE, IAC, DO, WINDOW_SIZE))
"""What old daemons ask before they say anything."""


class Terminal:
    """One caller's terminal."""

    def __init__(self, reader: Hearing, writer: Speaking) -> None:
        self._reader = reader
        self._writer = writer
        self._may_skip_line_feed = False

    async def say(self, text: str) -> None:
        """Send text, with line breaks as CR LF."""
        self._writer.write(text.replace("\n", "\r\n").encode())
        await self._writer.drain()

    async def greet(self, text: str) -> None:
        """Open the negotiation and say the first words in the same breath."""
        self._writer.write(GREETING)
        await self.say(text)

    async def ask_hidden(self, question: str) -> str:
        """Ask for a line that the caller's terminal does not show (the server claims to echo, and does not)."""
        self._writer.write(bytes((IAC, WILL, ECHO)))
        await self.say(question)
        answer = await self.hear()
        self._writer.write(bytes((IAC, WONT, ECHO)))
        await self.say("\n")
        return answer

    async def hear(self) -> str:
        """The next line without its end. Raises EOFError at the end, and for a line beyond the limit."""
        line = bytearray()
        while len(line) <= LINE_LIMIT:
            byte = await self._next_byte()
            follows_return, self._may_skip_line_feed = self._may_skip_line_feed, byte == 0x0D
            if follows_return and byte in (0x0A, 0x00):
                continue
            if byte in (0x0D, 0x0A):
                return line.decode("utf-8", "replace")
            line.append(byte)
        raise EOFError

    async def _next_byte(self) -> int:
        """The next byte of text; commands between are answered. Raises EOFError."""
        while (byte := await self._read()) == IAC:
            command = await self._read()
            if command == IAC:
                return IAC
            if command == SB:
                await self._skip_subnegotiation()
            elif command in (WILL, WONT, DO, DONT):
                self._refuse(command, await self._read())
        return byte

    def _refuse(self, command: int, option: int) -> None:
        # What we asked for ourselves is an answer, not a question: answering it would never end (RFC 1143).
        if command == DO and option != ECHO:
            self._writer.write(bytes((IAC, WONT, option)))
        elif command == WILL and option not in (TERMINAL_TYPE, WINDOW_SIZE):
            self._writer.write(bytes((IAC, DONT, option)))

    async def _skip_subnegotiation(self) -> None:
        last = 0
        for _ in range(LINE_LIMIT):
            byte = await self._read()
            if (last, byte) == (IAC, SE):
                return
            # A doubled IAC is data: the second must not count as the start of an end.
            last = 0 if (last, byte) == (IAC, IAC) else byte
        raise EOFError

    async def _read(self) -> int:
        return (await self._reader.readexactly(1))[0]


async def run_shell(terminal: Terminal, prompt: str = "# ") -> None:
    """A shell that knows nothing but how to leave; it runs nothing."""
    for _ in range(TURNS):
        await terminal.say(prompt)
        words = (await terminal.hear()).split()
        if words and words[0] in ("exit", "quit", "logout"):
            return
        if words[:1] == ["id"]:
            await terminal.say("uid=0(root) gid=0(root)\n")
        elif words:
            await terminal.say(f"-sh: {words[0]}: not found\n")
