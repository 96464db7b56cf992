"""Secrets that can be told anywhere, said in the clear in each protocol that is read.

Each is of its own, so that what leaks says where it was. None has a form that gives it away: it must be hidden for
where it stood.
"""

import base64
import json
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iotscan.wire.mqtt import connect_message
from iotscan.wire.snmp import get_request
from tests.traffic_lab.spoken import Said, Talk

SECRETS: Final = {
    name: f"Zq{number:02d}{word}kestrel77x"
    for number, (name, word) in enumerate(
        {
            "basic": "Ab", "proxy": "Bc", "form": "Cd", "form-again": "De", "json": "Ef", "bearer": "Fg", "dpop": "Gh",
            "header-key": "Hi", "query-key": "Jk", "cookie": "Kl", "set-cookie": "Lm", "digest": "Mn", "soap": "No",
            "issued": "Op", "refresh": "Pq", "client-secret": "Qr", "websocket": "Rs", "mqtt-4": "St", "mqtt-5": "Tu",
            "mqtt-auth": "Uv", "mqtt-again": "Vw", "mqtt-message": "Wx", "mqtt-will": "Xy", "ftp": "Yz",
            "telnet": "Aa", "telnet-ahead": "Bb", "telnet-half": "Cc", "pop3": "Dd", "apop": "Ee", "imap": "Ff",
            "imap-plain": "Gg", "smtp-plain": "Hh", "smtp-login": "Ii", "smtp-nobody": "Jj", "snmp": "Kk",
            "snmp-set": "Ll", "amqp": "Mm", "amqplain": "Nn", "amqp-1": "Oo", "rtsp": "Pp", "rtsp-uri": "Qq",
            "sip": "Rr", "syslog": "Ss", "coap-query": "Tt", "coap-body": "Uu", "xoauth2": "Ww",
            "stream-key": "Xx", "mail-body": "Yy", "modbus": "Zz",
        }.items()
    )
}  # fmt: skip
OPAQUE: Final = {
    "http-path": "kR7vTq2ZpL9xWm4Yb8",
    "http-hex": "9f86d081884c7d659a2feaa0c55ad015",
    "http-uuid": "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    "mqtt-topic": "Xw3nQe8RtB5uKd1Zs7",
    "mqtt-filter": "Pz6yHg2VcM9jLf4Tn0",
    "coap-path": "Ju5sDk8WqA3eRx7Bo1",
    "agent": "Gv4tNy9QhC2mSz6Ib0",
    "host": "hq7zt2wv9kx4mb3np8rd",
    "ftp-file": "Bn8wQs3KzE6xTj1Uh5",
    "tftp-file": "Ft2mXa7JvD9qYk4Lw6",
    "basic-user": "Lc1xPw5GzN8tRb3Vq9",
    "query-name": "Oe4kUj9SdH2vWm7Xy0",
}
"""Tokens that nothing beside them calls so: their form must do."""
PERSONAL: Final = ("kestrel.owner@acme-home.example", "48.137154", "11.576124", "KestrelHomeNet77")
_PEM: Final = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode()
)
KEY: Final = _PEM.splitlines()[1]


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _text(number: int, text: bytes) -> bytes:
    return number.to_bytes(2, "big") + text


def _http(line: str, *fields: str, body: str = "", answer: str = "", said: tuple[str, ...] = ()) -> list[Said]:
    length = [f"Content-Length: {len(body)}"] if body else []
    asked = "\r\n".join((f"{line} HTTP/1.1", "Host: cloud.acme.example", *fields, *length, "", body))
    told = "\r\n".join(("HTTP/1.1 200 OK", *said, f"Content-Length: {len(answer)}", "", answer))
    return [(">", asked.encode()), ("<", told.encode())]


def _web() -> list[Said]:
    s, o = SECRETS, OPAQUE
    mail, latitude, longitude, network = PERSONAL
    form, document = "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json"
    digest = f'Digest username="admin", realm="r", nonce="n", uri="/", response="{s["digest"]}"'
    soap = (
        "<s:Envelope><UsernameToken><Username>admin</Username>"
        f'<Password Type="x#PasswordText">{s["soap"]}</Password></UsernameToken></s:Envelope>'
    )
    issued = {"access_token": s["issued"] * 2, "refresh_token": s["refresh"] * 2, "expires_in": 3600}
    return [
        *_http("GET /basic", f"Authorization: Basic {_b64('admin:' + s['basic'])}"),
        *_http("GET /basic/key", f"Authorization: Basic {_b64(o['basic-user'] + ':')}"),
        *_http("GET http://u:p@cloud.acme.example/proxy", f"Proxy-Authorization: Basic {_b64('me:' + s['proxy'])}"),
        *_http(
            "POST /login",
            form,
            body=f"username=bob&password={quote(s['form'])}&password2={s['form-again']}",
            answer=json.dumps({"echo": s["form"]}),
        ),
        *_http("POST /api/wifi", document, body=json.dumps({"user": "bob", "psk": s["json"], "ssid": network})),
        *_http("GET /bearer", f"Authorization: Bearer {s['bearer']}"),
        *_http("GET /dpop", f"Authorization: DPoP {s['dpop']}"),
        *_http("GET /key", f"X-Api-Key: {s['header-key']}"),
        *_http(f"GET /query?api_key={s['query-key']}&email={mail}&lat={latitude}&lon={longitude}"),
        *_http(f"GET /query?{o['query-name']}password=Zq99querykestrel"),
        *_http("GET /cookie", f"Cookie: sessionid={s['cookie']}", said=(f"Set-Cookie: sid={s['set-cookie']}; Path=/",)),
        *_http("GET /digest", f"Authorization: {digest}"),
        *_http("POST /onvif", "Content-Type: application/soap+xml", body=soap),
        *_http(
            "POST /token",
            form,
            body=f"grant_type=client_credentials&client_id=d1&client_secret={s['client-secret']}",
            answer=json.dumps(issued),
            said=(document,),
        ),
        *_http("POST /key", document, body=json.dumps({"pem": _PEM})),
        *_http(f"GET /hook/{o['http-path']}/send?access_token={s['stream-key']}"),
        *_http(f"POST /fw/{o['http-hex']}/{o['http-uuid']}/login", form, body=f"user=bob&password={s['form']}"),
        *_http(f"GET /firmware/{o['http-hex']}.swu", f"User-Agent: agent/1.0 ({o['agent']})"),
        (">", f"GET /remote HTTP/1.1\r\nHost: {o['host']}.ui.acme.example\r\n\r\n".encode()),
        ("<", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ]


def _websocket() -> list[Said]:
    text = json.dumps({"auth_token": SECRETS["websocket"]}).encode()
    frame = bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text
    return [
        (">", b"GET /ws HTTP/1.1\r\nHost: h.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
        ("<", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
        (">", frame),
    ]  # fmt: skip


def _packet(kind: int, body: bytes) -> bytes:
    return bytes((kind, len(body))) + body if len(body) < 128 else bytes((kind, len(body) & 127 | 128, 1)) + body


def _mqtt() -> list[Said]:
    s, topic = SECRETS, f"devices/{OPAQUE['mqtt-topic']}/state".encode()
    message = json.dumps({"password": s["mqtt-message"], "email": PERSONAL[0]}).encode()
    filters = _text(7, b"") + b""
    body = filters[:2] + _text(len(f := f"cmd/{OPAQUE['mqtt-filter']}/#".encode()), f) + b"\0"
    return [
        (">", connect_message("thermostat-1", user="sensor", password=s["mqtt-4"])),
        ("<", b"\x20\x02\0\0"),
        (">", _packet(0x82, body)),
        (">", _packet(0x30, _text(len(topic), topic) + message)),
    ]


def _mqtt_5() -> list[Said]:
    """With a will, and authentication in the properties (MQTT 5.0 sections 3.1.2.11.9, 3.1.3.2, 3.15)."""
    s = SECRETS
    method, data = b"SCRAM-SHA-256", s["mqtt-auth"].encode()
    properties = b"\x15" + _text(len(method), method) + b"\x16" + _text(len(data), data)
    user, password = b"sensor", s["mqtt-5"].encode()
    will = s["mqtt-will"].encode()
    body = b"\0\4MQTT\5\xc6\0\x1e" + bytes((len(properties),)) + properties + _text(2, b"d5") + b"\0"
    body += _text(6, b"last/d") + _text(len(will), will) + _text(len(user), user) + _text(len(password), password)
    again = b"\x16" + _text(len(s["mqtt-again"]), s["mqtt-again"].encode())
    more = b"\x15" + _text(len(method), method) + again
    return [
        (">", _packet(0x10, body)),
        ("<", _packet(0xF0, b"\x18" + bytes((len(more),)) + more)),
        (">", _packet(0xF0, b"\x18" + bytes((len(more),)) + more)),
        ("<", b"\x20\x03\0\0\0"),
    ]


def _telnet() -> list[Talk]:
    s = SECRETS
    negotiated: Said = ("<", b"\xff\xfb\1\r\ncamera ")
    return [
        Talk(23, [negotiated, ("<", b"login: "), (">", b"root\r\n"), ("<", b"root\r\nPassword: "),
                  (">", s["telnet"].encode() + b"\r\n"), ("<", b"\r\n# "), (">", s["telnet"].encode() + b"\r\n")]),
        Talk(23, [negotiated, (">", s["telnet-ahead"].encode()), ("<", b"login: "), (">", b"\r\n"),
                  ("<", b"\r\nPassword: ")]),
        Talk(23, [negotiated, ("<", b"login: "), (">", b"root\r\n"), ("<", b"Password: "),
                  (">", s["telnet-half"][:6].encode()), ("<", b"\r\ntimed out\r\nlogin: "),
                  (">", s["telnet-half"][6:].encode() + b"\r\n"), ("<", b"Password: ")]),
    ]  # fmt: skip


def _mail() -> list[Talk]:
    s, ok = SECRETS, ("<", b"+OK ready\r\n")
    plain = _b64(f"\0kestrel\0{s['smtp-plain']}").encode()
    return [
        Talk(110, [ok, (">", b"USER bob\r\n"), ok, (">", b"PASS " + s["pop3"].encode() + b"\r\n"), ok]),
        Talk(110, [ok, (">", b"APOP bob " + s["apop"].encode() + b"\r\n"), ok]),
        Talk(143, [("<", b"* OK ready\r\n"), (">", f'a1 LOGIN bob "{s["imap"]}"\r\n'.encode()),
                   ("<", b"a1 OK in\r\n")]),
        Talk(143, [("<", b"* OK ready\r\n"), (">", b"a1 AUTHENTICATE PLAIN\r\n"), ("<", b"+ \r\n"),
                   (">", _b64(f"\0bob\0{s['imap-plain']}").encode() + b"\r\n"), ("<", b"a1 NO bad\r\n")]),
        Talk(587, [("<", b"220 mail ESMTP\r\n"), (">", b"EHLO cam\r\n"), ("<", b"250 AUTH PLAIN\r\n"),
                   (">", b"AUTH PLAIN " + plain + b"\r\n"), ("<", b"235 ok\r\n"),
                   (">", b"MAIL FROM:<" + PERSONAL[0].encode() + b">\r\n"), ("<", b"250 ok\r\n"), (">", b"DATA\r\n"),
                   ("<", b"354 go\r\n"), (">", f"Subject: {s['mail-body']}\r\n\r\nx\r\n.\r\n".encode())]),
        Talk(25, [("<", b"220 mail ESMTP\r\n"), (">", b"AUTH LOGIN\r\n"), ("<", b"334 VXNlcm5hbWU6\r\n"),
                  (">", _b64("cam").encode() + b"\r\n"), ("<", b"334 UGFzc3dvcmQ6\r\n"),
                  (">", _b64(s["smtp-login"]).encode() + b"\r\n"), ("<", b"535 no\r\n")]),
        Talk(25, [("<", b"220 mail ESMTP\r\n"), (">", b"AUTH LOGIN\r\n"), ("<", b"334 VXNlcm5hbWU6\r\n"),
                  (">", b"\r\n"), ("<", b"334 UGFzc3dvcmQ6\r\n"), (">", _b64(s["smtp-nobody"]).encode() + b"\r\n"),
                  ("<", b"535 no\r\n"), (">", b"AUTH PLAIN " + _b64("\0a\0other99x").encode() + b"\r\n"),
                  ("<", b"235 ok\r\n")]),
        Talk(587, [("<", b"220 mail ESMTP\r\n"), (">", b"AUTH XOAUTH2 " + _b64(
            f"user=bob\1auth=Bearer {s['xoauth2']}\1\1").encode() + b"\r\n"), ("<", b"235 ok\r\n")]),
    ]  # fmt: skip


def _frame(payload: bytes) -> bytes:
    return b"\1\0\0" + len(payload).to_bytes(4, "big") + payload + b"\xce"


def _long(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _amqp() -> list[Talk]:
    s, old = SECRETS, b"AMQP\0\0\x09\1"
    tune = ("<", _frame(b"\0\x0a\0\x1e" + bytes(8)))

    def ok(mechanism: bytes, response: bytes) -> bytes:
        said = bytes((len(mechanism),)) + mechanism + _long(response) + b"\5en_US"
        return _frame(b"\0\x0a\0\x0b" + _long(b"") + said)

    table = b"\5LOGINS" + _long(b"ann") + b"\x08PASSWORDS" + _long(s["amqplain"].encode())
    response = f"\0ann\0{s['amqp-1']}".encode()
    inner = b"\xa3\5PLAIN\xa0" + bytes((len(response),)) + response
    init = b"\2\1\0\0\0\x53\x41\xc0" + bytes((len(inner) + 1, 2)) + inner
    return [
        Talk(5672, [(">", old), (">", ok(b"PLAIN", f"\0ann\0{s['amqp']}".encode())), tune]),
        Talk(5672, [(">", old), (">", ok(b"AMQPLAIN", table)), tune]),
        Talk(5672, [(">", b"AMQP\3\1\0\0"), ("<", b"AMQP\3\1\0\0"), (">", _long(init)[:4].replace(
            len(init).to_bytes(4, "big"), (len(init) + 4).to_bytes(4, "big")) + init)]),
    ]  # fmt: skip


def _media() -> list[Talk]:
    s = SECRETS
    sip = (
        f'REGISTER sip:pbx SIP/2.0\r\nCSeq: 1 REGISTER\r\nAuthorization: Digest username="77", realm="pbx", nonce="n", '
        f'uri="sip:pbx", response="{s["sip"]}"\r\n\r\n'
    )
    viewer, fine = f"Authorization: Basic {_b64('viewer:' + s['rtsp'])}", ("<", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
    return [
        Talk(554, [(">", f"DESCRIBE rtsp://cam/live RTSP/1.0\r\nCSeq: 1\r\n"
                         f"{viewer}\r\n\r\n".encode()), fine]),
        Talk(554, [(">", f"DESCRIBE rtsp://u:{s['rtsp-uri']}?x@cam/live RTSP/1.0\r\nCSeq: 1\r\n"
                         f"{viewer}\r\n\r\n".encode()), fine]),
        Talk(5060, [(">", sip.encode())], is_stream=False),
    ]  # fmt: skip


def _coap() -> list[Talk]:
    path, query = OPAQUE["coap-path"].encode(), f"password={SECRETS['coap-query']}".encode()
    body = json.dumps({"user": "d", "password": SECRETS["coap-body"]}).encode()
    options = b"\xb2rd" + bytes((0x0D, len(path) - 13)) + path + b"\x4d" + bytes((len(query) - 13,)) + query
    return [Talk(5683, [(">", b"\x44\x02\0\1abcd" + options + b"\xff" + body), ("<", b"\x64\x41\0\1abcd")], False)]


def _name(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"


def _others() -> list[Talk]:
    s, o = SECRETS, OPAQUE
    asked = b"\0\5\1\0\0\1\0\0\0\0\0\0" + _name(f"{o['host']}.ui.acme.example") + b"\0\1\0\1"
    tokens = f"RETR {o['ftp-file']}\r\n".encode()
    return [
        Talk(21, [("<", b"220 ftpd\r\n"), (">", b"USER bob\r\n"), (">", b"PASS " + s["ftp"].encode() + b"\r\n"),
                  ("<", b"230 in\r\n"), (">", tokens)]),
        Talk(161, [(">", get_request(s["snmp"], 1)), (">", get_request(s["snmp-set"], 2))], False),
        Talk(514, [(">", f"<13>Nov 27 07:00:00 cam app[1]: password={s['syslog']}".encode()),
                   (">", f"<13>{s['syslog']}{s['syslog']}: hello".encode())], False),
        Talk(53, [(">", asked)], False),
        Talk(69, [(">", b"\0\1" + o["tftp-file"].encode() + b"\0octet\0")], False),
        Talk(502, [(">", b"\0\1\0\0\0\x20\1\x10" + s["modbus"].encode())]),
    ]  # fmt: skip


def all_talks() -> list[Talk]:
    """Everything that a device may say."""
    web = [Talk(80, list(pair)) for pair in zip(*[iter(_web())] * 2, strict=True)]
    return [*web, Talk(80, _websocket()), Talk(1883, _mqtt()), Talk(1883, _mqtt_5()), *_telnet(), *_mail(), *_amqp(),
            *_media(), *_coap(), *_others()]  # fmt: skip


def all_forms() -> dict[str, str]:
    """Each secret as it stands, as other writings of it, and its beginning and end alone."""
    forms: dict[str, str] = {}
    plain = {**SECRETS, **OPAQUE, **{f"personal-{n}": text for n, text in enumerate(PERSONAL)}, "key": KEY}
    for name, secret in plain.items():
        raw, half = secret.encode(), len(secret) * 2 // 3
        forms[name] = secret
        forms[f"{name} reversed"] = secret[::-1]
        forms[f"{name} in hex"] = raw.hex()
        forms[f"{name}, its beginning"], forms[f"{name}, its end"] = secret[:half], secret[-half:]
        for shift in range(3):  # whatever stands before it
            inner = base64.b64encode(bytes(shift) + raw).decode()[4 * bool(shift) : -4]
            forms[f"{name} in base64, {shift}"] = inner
    del forms["personal-1, its beginning"], forms["personal-2, its beginning"]
    return forms
