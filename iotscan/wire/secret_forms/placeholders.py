"""What stands where a secret would, and is none: placeholders, variables, names of files, words of a sentence."""

import math
import re
from collections import Counter
from typing import Final

_STANDS_FOR: Final = re.compile(
    rb"(?ix)"
    rb"  .{0,3} | [*x\#.\-_?0]{3,} | (.)\1+"  # too short, masked, one character again and again
    rb"| <.*> | \[.*\] | \{.*\} | @\w+@ | %[\w()]+%? | [$`&!].* | .*[$][({\w].* | .*\{\{.*"  # filled in by something
    rb"| .*(?:change[\W_]?(?:me|it|this)|your[\W_]?|my[\W_]?(?:pass|secret|token|key)|example|placeholder|sample"
    rb"   |insert|replace|todo|fixme|dummy|redacted|foo|bar|xxx|lorem|not[\W_]?set|undefined|hunter2).*"
    rb"| (?:the|a|an|some|any|test)?[\W_]?(?:password|passwd|passwort|pass|passphrase|secret|token|psk|key|pwd|hash"
    rb"   |value|string)\d{0,2}"
    rb"| true|false|yes|no|on|off|null|nil|none|never|always|required|requisite|optional|sufficient|include"
    rb"| files|compat|default|prompt|ask|stdin|env|file|auto|plain|md5|sha\d*|crypt|shadow|disabled?|enabled?"
    rb"| unset|empty|text|string"
    rb"| hidden|hide|show|login|user(?:name)?|bool(?:ean)?|int(?:eger)?|str|bytes|object|function|self\..*|this\..*"
    rb"| (?:/|\./|~/|\.\./)[\w./+-]+ | file:.* | .*\.(?:pem|key|crt|txt|conf|json|ya?ml|so|pub|py|sh|lua|js)"
    rb"| https?:.* | [\d.]{1,6} | 0x[\da-f]{1,4}"
    rb"| [\w.]+\(.* | \w+\.\w+(?:\.\w+)* | \w+\[.*"  # calls, attributes, members
)
_HASHED: Final = re.compile(rb"\$(?:1|2[abxy]?|5|6|7|y|gy|argon2\w*|apr1|pbkdf2[\w-]*)\$.{8,}|\{S?SHA\d*\}.+")


def stands_for_a_secret(value: bytes) -> bool:
    """True for what is written in place of a secret."""
    return bool(_STANDS_FOR.fullmatch(value)) or bool(_HASHED.fullmatch(value))


def entropy(value: bytes) -> float:
    """Shannon entropy of the bytes, in bits a byte: about 4 for random hex, 5 for 40 random letters and digits."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) if value else 0.0


def is_random(value: bytes) -> bool:
    """True where the bytes look drawn, not thought of: long, varied, letters and digits."""
    has_digit, has_letter = any(48 <= b <= 57 for b in value), value.upper() != value.lower()
    return len(value) >= 16 and has_digit and has_letter and entropy(value) >= 3.0
