"""Secrets that devices and images say: hidden once, where a fact is made.

What iotscan itself knows is a :class:`~iotscan.model.secret.Secret` and never becomes text. What others say is
text, and can only be known by its form: a keyword beside it (``password=``, ``Authorization:``, ``psk=``) or a
shape of its own (PEM, JWT, a vendor's key prefix, a crypt(3) hash). A bare random word is not known.

Every pattern is bounded or begins where no other match of it can begin, so that a text costs time in
proportion to its length, whoever wrote it.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final, TypeVar
from urllib.parse import unquote

from iotscan.model.secret import REDACTED
from iotscan.model.walk import rewrite

T = TypeVar("T")

_MOST_REMEMBERED: Final = 256
"""Values of one :class:`Hiding` that are looked for again."""
_SHORTEST_REMEMBERED: Final = 6

_TRIGGER: Final = re.compile(
    r"(?i)pass|pwd|psk|p:|secret|token|key|sess|[?&;](?:sid|sig|auth|code|ticket|jwt|x-amz)|cookie|author|credential"
    r"|communit|bearer|basic|p[iu][nk]|pw|login|default|code|--user|-u |eyj|://|\$|\{s|\{m|\{c|a[ks]ia|aroa|aida|gh[pousr]_|github_"
    r"|kennwort|mot de|contrase|clave|chiave|cl[eé] |senha|wachtw|has[lł]o|heslo|l[oö]senord|ifre|parol"
    r"|парол|密|パスワ|비밀|schl"
    r"|totp|homekit|stok|createuser|creds|admin:|root:"
    r"|glpat|xox|aiza|ya29|npm_|sg\.|sk-|k_(?:live|test)_|:[./a-z0-9]{13}:"
)
"""Without one of these nothing below matches: most texts are done after one search."""

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN ([A-Z0-9]{0,12} ?[A-Z]{0,12} ?)PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----END)[\s\S])*(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_SHAPES: Final = re.compile(
    r"(?<![A-Za-z0-9_-])(?:"
    r"eyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,4}"  # JSON web tokens (RFC 7519 §3.1): '{"' in base64url
    r"|(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}"
    r"|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}"
    r"|AIza[\w-]{30,}|ya29\.[\w-]{16,}|npm_[A-Za-z0-9]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}"
    r"|sk-[A-Za-z0-9_-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}"
    r")"
    # crypt(3) and LDAP (RFC 2307) password hashes: a guess can be tested on them.
    r"|\$(?:1|2[abxy]?|5|6|7|y|gy|md5|sha1|apr1|scrypt|argon2(?:id|i|d)|pbkdf2(?:-sha\d{1,3})?)\$[^\s:\"'<>]{8,}"
    r"|\{(?:S?SHA(?:256|384|512)?|S?MD5|CRYPT)\}[^\s:\"'<>]{8,}"
)
_SHADOW_LINE: Final = re.compile(r"(?<![\w.-])([a-z_][a-z0-9_-]{0,31}:)([./A-Za-z0-9]{13})(?=:\d{0,6}:)")
_BASIC: Final = re.compile(r"\b([Bb]asic|BASIC)(\s{1,3})([A-Za-z0-9+/_-]{4,512}={0,2})")
_BEARER: Final = re.compile(r"\b((?i:bearer|negotiate|ntlm)\s{1,3})([A-Za-z0-9._~+/=-]{8,})")
_AUTHORIZATION: Final = re.compile(
    r"((?i:authorization)[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}(?i:basic|bearer|digest|token|negotiate|ntlm"
    r"|apikey|hawk|aws4-hmac-sha256)\s{1,3})(?!realm=)([^\r\n<>|]{1,1000})"
)
_AUTHORIZATION_BARE: Final = re.compile(
    r"((?i:authorization)[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3})([^\s<>|\"']{8,1000})"
)
_COOKIE: Final = re.compile(r"((?i:cookie2?)[\"']?\s{0,3}:\s{0,3})([^\r\n<>|]{1,4000})")
_COOKIE_VALUE: Final = re.compile(r"([^\s=;,]{1,100}=)([^;,\s]{1,})")
_COOKIE_ATTRIBUTES: Final = ("path=", "domain=", "expires=", "max-age=", "samesite=", "version=", "priority=")

_USERINFO: Final = re.compile(
    r"(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:(?://|%2F%2F|\\/\\/)[^\s/?#@:\"'<>\[]{0,100}(?::|%3A))"
    r"(?!\d{1,5}(?:[/?#\s\"'<>,;)]|$)|(?:PASSWORD_FROM_THE_DOCUMENT|PASSWORD_OF_NOBODY)@)([^\s\"'<>]{1,300})(?=@|%40)"
)
_USERINFO_CUT: Final = re.compile(
    r"(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^\s/?#@:\"'<>\[]{1,100}:)(?!\d{1,5}…)([^\s/?#@\"'<>]{1,300})(?=…$)"
)
_USERINFO_TOKEN: Final = re.compile(r"(?i)((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://)([^\s/?#@:\"'<>\[]{8,300})(?=@)")

_KEY_WORDS: Final = (
    r"(?i:pass[_-]?word(?:[_-](?:admin|root|user|guest|wi-?fi|wlan))?|passwd|passwort|pass[ _-]?(?:code|key)"
    r"|(?<!\$)(?<!\$\{)pwd|(?<!dhe)(?<!rsa)psk|pre-?shared[ _-]?key|secret|credentials?|(?<![a-z])creds"
    r"|(?<![a-z0-9+/])(?:root|admin|user|login|ftp|http|wi-?fi|wlan|telnet|db|web|my)?[_-]?pw"
    r"|(?<![a-z])(?:root|admin|user|login|ftp|http|smtp|telnet|vnc|pppoe|ddns|mqtt|mysql|web)pass"
    r"|(?:api|access|private|secret|auth|authentication|shared|account|signing|security|encryption|master|network"
    r"|wi-?fi|wlan|wep|wpa2?|sae|license|activation|subscription|session|storage|device|tsig"
    r"|(?<![a-z])(?:aes(?:[ -]?(?:128|192|256))?|nwk|nwks|app|apps|join))[ _-]?key"
    r"|(?<!max_)(?<!max-)token|session(?:[ _-]?id)?|sess[_-]?id|(?<![a-z])stok(?!=/)|communit(?:y|ies)(?:[ _-]?string)?"
    r"|(?<![a-z])(?:pin|puk)(?:[ _-]?code)?|(?<![a-z])totp"
    r"|(?:setup|pairing|activation|recovery|verification|unlock|master|access|zugangs)[ _-]?code"
    # As devices in other languages say it.
    r"|kennwort|mot de passe|contrase[ñn]a|(?<![a-z])(?:clave|senha|has[łl]o|heslo|parola|[şs]ifre)|wachtwoord"
    r"|l[öo]senord"
    r"|пароль|密[码碼]|パスワード|비밀번호|(?:wlan|wi-?fi|wpa|netzwerk)[ _-]?schl(?:ü|ue)ssel"
    r"|(?:clave|chiave|cl[eé])(?: (?:wpa2?|wep|wi-?fi|di rete|de red|de sécurité))"
    r"|(?<=[?&;])(?:sid|sig|signature|auth|code|ticket|key|jwt|x-amz-signature|x-amz-credential))"
    r"|(?<![A-Za-z])pass(?![a-z])|(?<=[a-z0-9_-])Pass(?![a-z])|(?<![A-Z])PASS(?![A-Z])"
)
_WEAK_WORD: Final = re.compile(r"(?i)(?:key|code|ticket|auth)\W")
"""Names of a query's pairs that may mean anything: ``?key=menu``."""
_ENDING: Final = r"s?[0-9]{0,3}"
_SEPARATOR: Final = (
    r"(?:\\?[\"']|%22|&quot;|&#34;)?\s{0,3}"
    r"(?:=>|:=|[=:：]|%3[AaDd]|&#(?:61|58|x3[adAD]);|=3[Dd]|\\u003[aAdD]|\\x3[aAdD])(?:</?[a-z]{1,8}>)?\s{0,3}"
)
_WORD: Final = (
    # Up to a blank, a quote that closes, the next tag, or the next pair of a query or a list.
    r"(?!(?i:access denied))(?:(?!&[\w.%-]{1,30}=|[;,|] ?[\w.%-]{1,30}[=:]|[;,]\s|\\?[\"'](?:[\s,;:})>\]]|$)"
    r"|<(?:/|[A-Za-z][^<>]{0,60}>)|&(?:quot|lt|#34);|%22)\S){1,1000}"
)
_PAIR: Final = re.compile(
    rf"((?:{_KEY_WORDS}){_ENDING}{_SEPARATOR})"
    rf"(?:(\\?\"|%22|&quot;|&#34;)([^\"\r\n]{{1,1000}}?)(?=\\?\"|%22|&quot;|&#34;|$)|(')([^'\r\n]{{1,1000}})(?='|$)|({_WORD}))"
)
_ELEMENT: Final = re.compile(
    rf"((?:{_KEY_WORDS}){_ENDING}(?:[\"']?(?: [^<>]{{0,60}})?>|</[a-z]{{1,12}}>\s{{0,3}}<[a-z]{{1,12}}>))"
    r"([^<>]{1,1000})(?=<|$)"
)
_FIELD: Final = re.compile(
    rf"((?:{_KEY_WORDS}){_ENDING}[\"' ][^<>]{{0,80}}?\bvalue=)(?:\"([^\"]{{1,400}})|'([^']{{1,400}}))"
)
_FIELD_BEFORE: Final = re.compile(
    r"(<[a-z]{1,12} (?:[^<>]{0,80}? )?value=)(?:\"([^\"<>]{1,400})|'([^'<>]{1,400}))"
    rf"(?=[\"'][^<>]{{0,80}}?(?:name|id|type)=[\"']?[\w-]{{0,30}}?(?:{_KEY_WORDS}))"
)
_PASSPHRASE: Final = re.compile(
    rf"((?i:pass[ _-]?phrase){_SEPARATOR}\\?[\"']?)((?:(?! {{1,2}}[\w.-]{{1,30}} ?[=:])[^\r\n\"'<>])+)"
)
_QUOTED: Final = re.compile(
    rf"((?:{_KEY_WORDS}|(?i:passphrase|option key)){_ENDING} {{1,3}})([\"'])([^\"'\r\n]{{1,400}})(?=\2)"
)
_PROSE: Final = re.compile(
    rf"((?:{_KEY_WORDS}|(?i:passphrase)){_ENDING}"
    r"(?: (?:is|was|to|now|will be|set|reset|lautet|ist|est|es)){1,3}:? [\"'`“‘(]?)"
    r"([^\s\"'`<>”’)]{1,400})"
)
_OPTION: Final = re.compile(
    r"((?i:--(?:[a-z]{1,20}-)?(?:password|passwd|pass|token|secret|api-key|psk|passphrase)[ =]['\"]?"
    r"|sshpass -p ?['\"]?|\blogin \S{1,64} password |(?:requirepass|masterauth) "
    # As the configuration of a router or a switch says it, the kind of its scrambling before it.
    r"|\b(?:enable|username \S{1,64}(?: privilege \d{1,2})?) (?:secret|password) (?:\d )?"
    r"|\b(?:radius|tacacs)-server key (?:\d )?|\bkey-string (?:\d )?|\bwpa-psk (?:ascii|hex) (?:\d )?"
    r"|\bcreateUser \S{1,64} (?:MD5|SHA\S{0,4}) \"?))([^\s'\"]{1,400})"
)
_AFTER_PASSWORD: Final = re.compile(
    r"((?i:password|passwd|passwort|pass ?phrase|passcode|(?<![\w-])psk|pre-?shared[ -]key|secret"
    r"|(?:api|encryption|network|tsig|app|apps|nwk|nwks|wep|wpa|aes(?:[ -]?(?:128|192|256))?)[ _-]?key|auth ?token) )"
    r"([^\s\"'<>]{6,100})"
)
_PIN: Final = re.compile(
    r"((?<![A-Za-z])(?:PIN|PUK|[Pp]in code|(?i:setup|pairing|activation) code|HomeKit)(?: is)? )"
    r"(\d{3}-\d{2}-\d{3}|\d{4,8})(?!\d)"
)
_USER_OPTION: Final = re.compile(
    r"((?<!\S)(?:-u|--user)[ =]['\"]?[^\s:'\"]{1,64}:)"
    # The address of a service, as clients of OPC UA take it after -u: no password.
    r"(?!//(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?(?:[/\s'\"]|$))"
    r"([^\s'\"]{1,400})"
)
_COMMUNITY: Final = re.compile(
    r"((?i:\br[ow]community6? |\bsnmp-server community |\bcom2sec6?(?: -Cn \S{1,30})? \S{1,64} \S{1,64} ))"
    r"([^\s\"'<>]{1,200})"
)
_LOGIN: Final = re.compile(
    r"((?i:default|factory|logins?|credentials?|accounts?)\W{1,3}(?i:admin|administrator|root|user(?!\s?:\s)|guest"
    r"|supervisor|operator|service|support)\s?[/:]\s?)([^\s\"'<>]{3,100})"
)
_LOGIN_AT: Final = re.compile(
    r"((?<![\w/:.-])(?i:admin|administrator|root|guest|operator):)([^\s\"'<>@:/]{3,100})(?=@[\w\[])"
)
_WIFI_CODE: Final = re.compile(r"(WIFI:(?:[^;\s]{0,100};){0,5}?P:)((?:\\.|[^;\\]){1,100})")

_PLAIN_WORDS: Final = frozenset(
    """
    a again all an and any are as at auth authentication bad basic bearer both by can cannot change changed changes
    characters chars check compat confirm correct crosses damaged default denied digest digits disabled do does
    empty enabled encrypted enter erforderlich errata error et expired expires fail failed falsch false field fields
    files fixed for forgot forgotten from generated gerekli get has hex hidden hint if in incorrect incorrecta
    incorrecto input invalid invalide is it known krävs label larger last leer less letters list locked login logout
    manager max may min minimum minutes missing more must n/a name needed never new no none nonetype not note null
    obbligatoria obbligatorio obligatoire obrigatória obrigatório oder of off ok old olvidada on only optional or
    other ou oublié page passwd password per permission plain please policy povinné press printed prompt protected
    protection public påkrævd random read recovery rejected remember requerida requerido required requis requise
    reset return richiesta richiesto ro rw save saved secret secure security see set settings show so sticker stored
    string strong submit that the there this timed timeout to token too true try type unchanged und undefined
    ungültig unknown unrecognized unset until update url used user username vaaditaan valid value vereist vergessen
    verplicht wait was weak who with written wrong wymagane yes you your ändern обязательно 必填 必須 请输入
    """.split()  # noqa: SIM905  # as prose it can be read and sorted
)
_STANDS_FOR_A_VALUE: Final = re.compile(
    r"\*{3,}|x{3,}|X{3,}|[•●]{3,}|\.{3,}|…|<.*|\[.*\]|\{\{.*"
    r"|\$\{.*|\$[A-Za-z_]\w*|\$\(.*|%\(?\w*\)?s|%[A-Z_]+%|[A-Z]+_?PASSWORD|PASSWORD(?:_[A-Z]+)*"
    r"|\{[\"']?\w{1,40}[\"']?:?|(?:tcp|udp)/\d{1,5}|\d{1,3}/\d{1,3}|\d{1,6}(?:ms|s|sec|min|h)"
    r"|(?:\\x[0-9a-f]{2}|\[\d{0,2}[A-Za-z])+|x:\d{1,5}(?::.*)?|(?i:gpio)\d{0,3}|[A-D]\d{1,2}|(?:invalid|missing|expired|not|no|un)[_-][a-z_-]+"
)
_SAYS_A_LENGTH: Final = re.compile(
    r"(?i)\d{1,3}(?: ?(?:-|–|to|bis|or) ?\d{1,3})?(?: (?:[a-z]{1,12} ){0,2}"
    r"(?:characters?|chars?|digits?|letters|zeichen|bytes?|bits?)"
    r"[^=:]{0,60})?"
)
_NAMES_AN_ALGORITHM: Final = re.compile(
    r"(?i)(?:aes|rsa|ecc|dsa|ecdsa|eddsa|ed25519|ed448|curve25519|x25519|secp\d{3}[kr]1|prime256v1|nistp?\d{3}|p-\d{3}|sha\d{0,3}|md5"
    r"|hmac(?:-\w{3,8})?|wep|wpa[23]?(?:-psk|-eap|-sae)?|tkip|ccmp|ascii|hex|open|base64)(?:[-_/]?\d{2,4}){0,2}"
    r"|psk-(?:aes|chacha20|camellia|3des|rc4|null)[a-z0-9-]{1,40}|tls_[a-z0-9_]{5,60}|(?:ssh|ecdsa|rsa)-[a-z0-9-]{3,30}"
)
_NAMES_A_FILE: Final = re.compile(
    r"(?:file:(?://)?)?(?:~|\.{1,2}|/(?:etc|usr|var|opt|home|root|run|tmp|mnt|data|lib|srv|dev|proc|sys|bin|sbin|boot"
    r"|media|www|overlay|rom|config|conf|certs?|keys?|secrets|persist|system|vendor))/[\w./@+-]{1,200}"
    r"|[\w.-]{1,100}\.(?:pem|key|crt|cer|der|p12|pfx|pub|conf|txt|json|ya?ml|html?|php|cgi|asp|js)"
)
_IS_A_LINK: Final = re.compile(r"(?i)https?:(?:/|\\/|%2f){2}")
_NAMES_CIPHERS: Final = re.compile(r"[\w:!+@=-]*(?:@SECLEVEL=\d|![ae]NULL|k(?:EC)?DHEPSK|kRSAPSK)[\w:!+@=-]*")
"""A cipher list of OpenSSL (ciphers(1)), as our own commands have it: ``PSK:kDHEPSK:@SECLEVEL=0``."""
_NAMES_A_METHOD: Final = re.compile(
    r"(?i)(?:sha|md|tlsv?|sslv?|dtlsv?|aes|rsa|rc|hs|rs|es|ed|rfc|v|wpa|http|ipv|utf)-?\d[\w.-]{0,20}|\d[\d.,:%-]*[a-z]{0,4}"
    r"|sha\d*crypt|md5crypt|bcrypt|(?:SHA256|MD5):\S+"
)
_OURS: Final = frozenset({"checks", "expected", "grades", "profile", "remedy", "scope_sha256", "tool", "verdict"})
"""Fields of a run that hold no text of a device."""
_DOCUMENTED: Final = ("public", "private")
"""SNMP communities that every manual names: evidence, no secret."""


def hide_secrets(text: str) -> str:
    """``text`` with every secret that its form gives away shown as ``***``. Idempotent; never raises."""
    return Hiding().text(text)


class Hiding:
    """Hides secrets, and remembers them: what stood beside a keyword once is hidden in prose without one, too.

    One belongs to one device or image: what a device calls its password must not take evidence out of what
    another says. Only whole values that nothing else would be called (a letter and a digit, six characters) are
    remembered, and only prose is searched for them.
    """

    def __init__(self) -> None:
        self._remembered: dict[str, None] = {}
        self._done: dict[str, str] = {}

    def remember(self, secret: str) -> None:
        """Hide this in prose, too, where nothing else would be called so: it is the user's own, told to this device."""
        self._remember(secret)

    def text(self, text: str) -> str:
        """One text, its secrets hidden and remembered."""
        # Thousands of accounts give the same few reasons.
        hidden = self._done.get(text)
        if hidden is None:
            hidden = self._done[text] = self._by_form(text) if _TRIGGER.search(text) else text
        return self._restated(hidden)

    def within(self, value: T) -> T:
        """The same struct, tuple or dict of values with every text in it hidden: two passes, so order is no matter."""
        hidden = rewrite(value, self.text)
        return rewrite(hidden, self._restated) if self._remembered else hidden

    def _restated(self, text: str) -> str:
        if " " in text:
            for secret in self._remembered:
                if secret in text:
                    text = text.replace(secret, REDACTED)
        return text

    def _by_form(self, text: str) -> str:
        text = _PRIVATE_KEY.sub(lambda m: f"({m[1].lower()}private key {REDACTED})", text)
        text = _AUTHORIZATION.sub(self._rest, text)
        text = _AUTHORIZATION_BARE.sub(self._if(_looks_random), text)
        text = _COOKIE.sub(lambda m: m[1] + _COOKIE_VALUE.sub(self._cookie, m[2]), text)
        text = _BASIC.sub(self._basic, text)
        text = _BEARER.sub(self._if(_looks_random), text)
        text = _SHAPES.sub(REDACTED, text)
        text = _SHADOW_LINE.sub(self._rest, text)
        for pattern in (_USERINFO, _USERINFO_CUT):
            text = pattern.sub(self._rest, text)
        text = _USERINFO_TOKEN.sub(self._if(_looks_random), text)
        text = _WIFI_CODE.sub(self._rest, text)
        text = _PASSPHRASE.sub(self._phrase, text)
        for pattern in (_FIELD, _FIELD_BEFORE):
            text = pattern.sub(self._pair, text)
        text = _ELEMENT.sub(self._if(_is_no_plain_word), text)
        text = _PAIR.sub(self._pair, text)
        text = _QUOTED.sub(lambda m: m[1] + m[2] + self._value(m[3], _is_no_plain_word), text)
        text = _PROSE.sub(self._if(_looks_invented), text)
        text = _PIN.sub(self._rest, text)
        for pattern in (_OPTION, _USER_OPTION, _LOGIN, _LOGIN_AT):
            text = pattern.sub(self._if(_is_no_plain_word), text)
        text = _AFTER_PASSWORD.sub(self._if(_looks_random), text)
        return _COMMUNITY.sub(self._if(_is_no_plain_word), text)

    def _rest(self, found: re.Match[str]) -> str:
        return found[1] + self._value(found[2], lambda _: True)

    def _if(self, is_secret: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
        return lambda found: found[1] + self._value(found[2], is_secret)

    def _pair(self, found: re.Match[str]) -> str:
        """``key=value``, the value bare or in one of several kinds of quotes."""
        value = next(group for group in reversed(found.groups()) if group is not None)
        is_secret = _looks_random if _WEAK_WORD.match(found[1]) else _is_no_plain_word
        return found[0][: len(found[0]) - len(value)] + self._value(value, is_secret)

    def _phrase(self, found: re.Match[str]) -> str:
        """A value of several words. Close to its sign, ``passphrase=may all be well``, it is no sentence."""
        is_close = not found[1].endswith((" ", '"', "'"))
        return found[1] + self._value(found[2], lambda v: (is_close and " " in v) or _is_no_plain_word(v))

    def _cookie(self, found: re.Match[str]) -> str:
        if found[1].lower() in _COOKIE_ATTRIBUTES:
            return found[0]
        return found[1] + self._value(found[2], lambda _: True)

    def _basic(self, found: re.Match[str]) -> str:
        """Only what decodes to ``user:password``: ``Basic information`` is none."""
        if ":" not in _decoded(found[3]):
            return found[0]
        self._remember(_decoded(found[3]).partition(":")[2])
        return found[1] + found[2] + self._value(found[3], lambda _: True)

    def _value(self, value: str, is_secret: Callable[[str], bool]) -> str:
        if value == REDACTED or not is_secret(value):
            return value
        self._remember(value)
        if "%" in value:
            self._remember(unquote(value))
        return REDACTED

    def _remember(self, value: str) -> None:
        bare = value.strip(" .,;:!?)]}\"'\\…")
        if len(bare) >= _SHORTEST_REMEMBERED and _looks_random(bare) and len(self._remembered) < _MOST_REMEMBERED:
            self._remembered.setdefault(bare)


def _decoded(text: str) -> str:
    padded = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        raw = base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.decode("utf-8", "replace")


def _is_no_plain_word(value: str) -> bool:
    """Whether what stands beside a keyword is its value, and no sentence that goes on, placeholder, link or file."""
    bare = value.strip(" .,;:!?()[]{}\"'`\\…")
    first = bare.split(maxsplit=1)[0] if bare else ""
    return not (
        not bare
        or first.lower() in _PLAIN_WORDS
        or bare.lower() in _DOCUMENTED
        or (bare.isdecimal() and len(bare) < 4)
        or _STANDS_FOR_A_VALUE.fullmatch(value)
        or _STANDS_FOR_A_VALUE.fullmatch(bare)
        or _NAMES_A_FILE.fullmatch(bare)
        or _IS_A_LINK.match(bare)
        or _NAMES_CIPHERS.fullmatch(value)
        or _NAMES_AN_ALGORITHM.fullmatch(bare)
        or _SAYS_A_LENGTH.fullmatch(bare)
        or _is_fingerprint(bare)
    )


def _is_fingerprint(value: str) -> bool:
    return value.startswith(("SHA256:", "MD5:"))


def _looks_random(value: str) -> bool:
    """Letters and digits mixed, and not the name of an algorithm, a version or a number with its unit."""
    has_both = any(c.isalpha() for c in value) and any(c.isdigit() for c in value)
    return has_both and not _NAMES_A_METHOD.fullmatch(value.strip(".,;:!?)(")) and _is_no_plain_word(value)


def _looks_invented(value: str) -> bool:
    """No word of a sentence: a digit, a sign or a capital within it."""
    bare = value.strip(" .,;:!?()[]{}\"'`\\…")
    is_word = bare.replace("-", "").isalpha() and bare[1:] in (bare[1:].lower(), bare[1:].upper())
    return not is_word and not _NAMES_A_METHOD.fullmatch(bare) and _is_no_plain_word(value)


def without_secrets(value: T) -> T:
    """A struct, tuple or dict of values with the secrets in all its texts hidden, each by its own form.

    For what holds the words of several devices: nothing that one said is looked for in another's. Words of ours
    stay as they are: what a check expects, the rules and reasons of a verdict, the profile, the grades.
    """
    done: dict[str, str] = {}

    def once(text: str) -> str:
        # A run says most of its texts thousands of times.
        if text not in done:
            done[text] = hide_secrets(text)
        return done[text]

    return rewrite(value, once, skip=_OURS)


__all__ = ["Hiding", "hide_secrets", "without_secrets"]
