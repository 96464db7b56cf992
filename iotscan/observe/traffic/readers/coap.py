"""CoAP in the clear over UDP and TCP, and LwM2M on top of it (RFC 7252, RFC 8323; OMA LwM2M 1.2)."""

from collections import OrderedDict
from typing import Final

import msgspec

from iotscan.model.facts import CoapExchange
from iotscan.observe.traffic.content.download import Body, Fetched, contact_of, judge_body
from iotscan.observe.traffic.content.fields import of_json
from iotscan.observe.traffic.content.finding import Where
from iotscan.observe.traffic.content.kept import Kept
from iotscan.observe.traffic.content.lwm2m import contact_of_request, find_keys, is_package
from iotscan.observe.traffic.content.personal import find_personal
from iotscan.observe.traffic.content.secrets import find_bare_tokens, find_blocks, find_secrets
from iotscan.observe.traffic.content.update_systems import About, about_update
from iotscan.observe.traffic.conversation import Conversation, Piece, Reader, Tell
from iotscan.observe.traffic.half import Half
from iotscan.observe.traffic.voice import Voice
from iotscan.wire import coap, coap_tcp
from iotscan.wire.coap_talk import Talk, read_talk

PORT: Final = 5683
_OPEN: Final = 64
_FILES: Final = 4


class _Asked(msgspec.Struct):
    talk: Talk
    at: int
    is_upward: bool


class CoapReader:
    """Reads the messages between two ports; either side may ask."""

    def __init__(self, conversation: Conversation, tell: Tell) -> None:
        self._voice = Voice(conversation, tell, "coap", has_roles=False)
        self._open: OrderedDict[tuple[bool, bytes], _Asked] = OrderedDict()
        self._ids: dict[tuple[bool, int], None] = {}
        self._files: OrderedDict[tuple[bool, str], Kept] = OrderedDict()
        self._halves = (Half(), Half())
        self._is_stream = conversation.transport == "tcp"

    @property
    def wants_more(self) -> bool:
        """As long as both can be read."""
        return not (self._is_stream and all(half.is_lost for half in self._halves))

    def take(self, piece: Piece) -> None:
        """Hear the next datagram, or some of a stream."""
        if self._is_stream:
            self._take_stream(piece)
        elif not piece.is_doubtful and not piece.is_cut:
            talk = read_talk(piece.data)
            if talk is not None:
                self._hear(talk, piece)

    def end(self, at: int) -> None:
        """Tell what has no answer."""
        while self._open:
            _, asked = self._open.popitem(last=False)
            self._tell(asked, None, asked.at)
        for kept in self._files.values():
            kept.close()

    def _take_stream(self, piece: Piece) -> None:
        half = self._halves[piece.is_upward]
        data = half.add(piece)
        while data:
            frame = coap_tcp.read_frame(data)
            if isinstance(frame, int):
                half.hold(data)
                return
            if frame is None:
                half.lose()
                return
            data = data[frame.size :]
            talk = Talk(
                kind="", code=frame.code, message_id=0, token=frame.token, options=frame.options, payload=frame.payload
            )
            self._hear(talk, piece)

    def _hear(self, talk: Talk, piece: Piece) -> None:
        if talk.kind and self._is_repeated(talk, piece):
            return
        if piece.is_upward == bool(talk.method):
            self._voice.conversation.has_roles = True
        key = piece.is_upward, talk.token
        if talk.method:
            before = self._open.pop(key, None)
            if before is not None:
                self._tell(before, None, before.at)
            self._open[key] = _Asked(talk, piece.at, piece.is_upward)
            if len(self._open) > _OPEN:
                _, oldest = self._open.popitem(last=False)
                self._tell(oldest, None, oldest.at)
        elif talk.is_answer:
            asked = self._open.pop((not piece.is_upward, talk.token), None)
            if asked is not None:
                self._tell(asked, talk, piece.at)

    def _is_repeated(self, talk: Talk, piece: Piece) -> bool:
        """The same message once more: its acknowledgement was lost (RFC 7252 section 4.2)."""
        if talk.code == coap.EMPTY:
            return False
        key = piece.is_upward, talk.message_id << 8 | talk.code
        if key in self._ids:
            return True
        self._ids[key] = None
        if len(self._ids) > _OPEN:
            del self._ids[next(iter(self._ids))]
        return False

    def _tell(self, asked: _Asked, answer: Talk | None, at: int) -> None:
        talk, is_turned = asked.talk, not asked.is_upward
        if self._is_later_block(asked, answer):
            self._follow_file(asked, answer)
            return
        exchange = CoapExchange(
            method=talk.method,
            path=talk.path if not talk.is_protected else "",
            code=coap.code_text(answer.code) if answer else "",
            is_protected=talk.is_protected,
            content_format=(answer.format if answer else "") or talk.format,
        )
        self._voice.say(asked.at, exchange, is_turned=is_turned)
        if talk.is_protected:
            return
        contact = contact_of_request(talk, answer)
        if contact is not None:
            self._voice.say(asked.at, contact, is_turned=is_turned)
        self._look_into(asked, answer, at)
        self._follow_file(asked, answer)

    def _is_later_block(self, asked: _Asked, answer: Talk | None) -> bool:
        """A long thing is fetched, or brought, by many requests of one kind."""
        blocks = (asked.talk.block(of_answer=False), asked.talk.block(of_answer=True))
        return any(block is not None and block[0] > 0 for block in blocks)

    def _look_into(self, asked: _Asked, answer: Talk | None, at: int) -> None:
        talk = asked.talk
        where = Where(at=asked.at, protocol="coap", place="query", of=talk.path)
        found = [*find_secrets(talk.queries, where), *find_personal(talk.queries, where)]
        body = Where(at=asked.at, protocol="coap", place="body", of=talk.path)
        fields = of_json(talk.payload)
        found += [*find_secrets(fields, body), *find_personal(fields, body), *find_blocks(talk.payload, body)]
        found += find_keys(talk, body)
        if not fields:
            found += find_bare_tokens(talk.payload[:4096].decode("latin-1"), body)
        if answer is not None and answer.code < 0x80:
            reply = Where(at=at, protocol="coap", place="answer", of=talk.path, is_answer=True)
            found += [*find_secrets(of_json(answer.payload), reply), *find_blocks(answer.payload, reply)]
        for finding in found:
            self._voice.say(asked.at, finding.item, *finding.secrets, is_turned=not asked.is_upward)

    def _follow_file(self, asked: _Asked, answer: Talk | None) -> None:
        """Blocks in order, until the last one tells what it was."""
        talk = asked.talk
        brings = talk.payload and talk.method in ("PUT", "POST")
        carrier = talk if brings else answer
        if carrier is None or (not brings and (talk.method != "GET" or carrier.code != coap.CONTENT)):
            return
        number, is_more = carrier.block(of_answer=not brings) or (0, False)
        key = asked.is_upward, talk.path
        kept = self._files.get(key)
        if number == 0:
            if kept is not None:
                kept.close()
            kept = self._files[key] = Kept()
            while len(self._files) > _FILES:
                self._files.popitem(last=False)[1].close()
        elif kept is None or not carrier.payload or (kept.size != number * len(carrier.payload) and is_more):
            return
        kept.add(carrier.payload)
        if not is_more:
            del self._files[key]
            self._tell_file(asked, kept, answer, brings=bool(brings))

    def _tell_file(self, asked: _Asked, kept: Kept, answer: Talk | None, *, brings: bool) -> None:
        talk = asked.talk
        body = judge_body(kept, kept.size)
        kept.close()
        about = about_update(talk.path)
        if is_package(talk):
            about = About(kind="firmware", system="lwm2m", how="path")
        fetched = Fetched(protocol="coap", is_brought=brings, host=talk.host, path=talk.path, size=kept.size)
        contact = contact_of(fetched, about, body if body.form else Body(), is_answered=True)
        if contact is not None:
            self._voice.say(asked.at, contact, is_turned=not asked.is_upward)


def choose(conversation: Conversation, piece: Piece, tell: Tell) -> Reader | None:
    """On its port by a message; elsewhere only by one that asks for a path, or opens a stream."""
    if piece.is_doubtful or piece.is_cut:
        return None
    is_port = PORT in (conversation.server.port, conversation.client.port)
    if conversation.transport == "tcp":
        return CoapReader(conversation, tell) if is_port and coap_tcp.is_csm(piece.data) else None
    talk = read_talk(piece.data) if is_port else None
    return CoapReader(conversation, tell) if talk is not None else None


CHOOSE = choose
