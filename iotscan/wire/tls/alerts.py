"""What alerts mean for a scanner. Source: RFC 8446 section 6.2, RFC 5246 section 7.2."""

NAMES = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    22: "record_overflow",
    40: "handshake_failure",
    43: "unsupported_certificate",
    47: "illegal_parameter",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
PROTOCOL_VERSION = 70
CLOSE_NOTIFY, HANDSHAKE_FAILURE, INTERNAL_ERROR = 0, 40, 80
INAPPROPRIATE_FALLBACK, UNRECOGNIZED_NAME, NO_APPLICATION_PROTOCOL = 86, 112, 120
REFUSALS = frozenset({40, 43, 47, 70, 71, 86, 109, 110})
"""Descriptions by which a server says no to what was offered, rather than that something went wrong."""


def alert_name(description: int) -> str:
    """``handshake_failure``, or ``alert 123`` for one without a name here."""
    return NAMES.get(description, f"alert {description}")
