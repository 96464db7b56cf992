"""Where machines talk over TLS, both ends prove who they are.

## What it looks at
Whether a TLS or DTLS server asks for a client certificate and goes no further without one; which authorities it says it
accepts; and what the protocol inside did with a guest that had none: let it in, asked for a login, or turned it away.
Judged are MQTT, AMQP, CoAP and the enrolment of devices (EST); web interfaces and others have logins of their own.
All is read from handshakes that are had anyway, in which we show no certificate. Suites with pre-shared keys count:
both ends have the key.

Who is let in without anything is `mqtt-anonymous-access`'s to grade for MQTT, `amqp-authentication`'s for AMQP and
`coap-authentication`'s for CoAP inside TLS: here it is a note. The list of authorities is what the server says; it may
take others, or check more than the signature.

## Why it matters
A password can be read off one device and used from anywhere; a key that never leaves the device cannot. Where a server
asks for nothing at all, TLS hides what strangers do. And a certificate by an authority of the web proves nothing:
anybody gets one within minutes.

## How to fix
mosquitto: `require_certificate true`, `cafile` with your own CA alone, `use_identity_as_username true` and an
`acl_file`. RabbitMQ: `ssl_options.verify = verify_peer`, `ssl_options.fail_if_no_peer_cert = true`. EMQX:
`listeners.ssl.default.ssl_options.verify = verify_peer`. nginx: `ssl_verify_client on;`. libcoap: `coap-server -C
ca.pem` without `-n`. Never the bundle of the system (`/etc/ssl/certs/ca-certificates.crt`) as the CA of clients.

## References
- RFC 8446 section 4.3.2, RFC 5246 section 7.4.4 (CertificateRequest)
- RFC 7252 section 9 and RFC 7925 section 4.4 (certificates of both ends), RFC 7030 section 3.3 (EST)
- OWASP ISVS 4.2.3 (git edfda29b)
"""

from iotscan.sdk import (
    ClientAuthentication,
    Returned,
    Target,
    ask_tls,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)

MACHINES = ("mqtts", "mqtt-wss", "amqps", "coaps", "coaps+tcp", "est")
GRADED_BY = {
    "mqtts": "mqtt-anonymous-access",
    "mqtt-wss": "mqtt-anonymous-access",
    "amqps": "amqp-authentication",
    "coaps+tcp": "coap-authentication",
}
PORTS = (5671, 5684, 8883, 8884)
"""Where machines talk, whatever was heard there: a server that lets nobody in does not say what it speaks."""
ASKED = ("Acceptable client certificate CA names", "Requested Signature Algorithms")
NOT_ASKED = "no client certificate was asked for"


@check(
    id="client-authentication",
    aliases=("CRT-012",),
    title="Where machines talk over TLS, both ends prove who they are",
    element="communication",
    variants={
        "open": ("medium", "Clients prove nothing of who they are"),
        "public-authorities": ("medium", "Client certificates of authorities of the web are accepted"),
        "optional": ("info", "A client certificate is asked for, and not needed"),
        "guests": ("info", "Clients prove nothing of who they are, as another check grades"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "4.2.3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("IEC 62443-4-2", "2019", "CR 1.2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "credentials", "network", "tls"),
    since="0.1",
    effort="medium",
    confidence="firm",
)
def client_authentication(found: ClientAuthentication, target: Target) -> Returned:
    """A certificate that is required settles it, unless anybody can have one; then what the protocol inside asks."""
    asks = found.requested.value
    if asks and found.public_authorities.known:
        return _public(found, target)
    if asks and (found.required.known or found.guest == "certificate"):
        return good("a client certificate is required", observed=_said(found))
    if found.protocol not in MACHINES and not (found.protocol == "tls" and target.port in PORTS):
        return skip("nothing that machines speak to each other: who logs in here, and how, is for other checks")
    if found.by_key:
        return good("both ends prove themselves by a pre-shared key", observed=_said(found))
    if found.guest in ("login", "certificate") and not asks:
        by = "SASL EXTERNAL" if found.guest == "certificate" else "a login"
        return good(f"it asks for no client certificate, and for {by} inside", observed=_said(found))
    if asks:
        return _asked(found, target)
    return _unasked(found, target)


def _public(found: ClientAuthentication, target: Target) -> Returned:
    names = found.public_authorities.value
    first = names[0].partition(",")[0].partition("=")[2]
    return bad(
        "public-authorities",
        f"it accepts client certificates of {len(names)} authorities of the web, where anybody gets one",
        observed=f"{_said(found)}; of the web: {'; '.join(names[:3])}{' …' if len(names) > 3 else ''}",
        expected="the CA that issues the certificates of your own devices, and no other",
        reproduce=ask_tls(target, show=first or "CN", opening=found.opening),
        shows=first or "CN",
    )


def _asked(found: ClientAuthentication, target: Target) -> Returned:
    if found.required.known is None:
        return unknown(f"it asks for a client certificate; {found.required.detail}")
    if not found.guest:
        return unknown("TLS goes on without a client certificate; what becomes of such clients inside was not seen")
    done = "is let in" if found.guest == "served" else "may log in otherwise"
    return bad(
        "optional",
        f"a client certificate is asked for, and who has none {done}",
        observed=_said(found),
        expected="a client certificate required of every device",
        reproduce=_show_request(found, target),
        shows=ASKED[0] if _names(found) else ASKED[1],
    )


def _unasked(found: ClientAuthentication, target: Target) -> Returned:
    if found.protocol == "coaps":
        return bad(
            "open",
            "it asks clients neither for a certificate nor for a pre-shared key, and CoAP has no login",
            observed=_said(found),
            expected="a client certificate required, or suites with pre-shared keys alone",
            reproduce=_show_none(found, target),
            shows=NOT_ASKED,
        )
    if found.guest != "served":
        return unknown("it asks for no client certificate; whether the protocol inside asks for a login was not seen")
    by = GRADED_BY.get(found.protocol, "")
    return bad(
        "guests" if by else "open",
        "it asks clients for no certificate, and lets them in without a login" + (f" (graded by {by})" if by else ""),
        observed=_said(found),
        expected="a client certificate required, or a login of each client's own",
        reproduce=_show_none(found, target),
        shows=NOT_ASKED,
    )


def _show_request(found: ClientAuthentication, target: Target) -> str:
    return ask_tls(target, show=f"^({'|'.join(ASKED)})", opening=found.opening)


def _show_none(found: ClientAuthentication, target: Target) -> str:
    asked = ask_tls(target, show=f"^{ASKED[1]}|^Client Certificate Types|Cipher is [A-Z]", opening=found.opening)
    pick = f'/^{ASKED[1]}|^Client/{{a=1}} /Cipher is/{{c=1}} END{{if(c&&!a)print "{NOT_ASKED}"}}'
    return f"{asked} | {command('awk', pick)}"


def _names(found: ClientAuthentication) -> bool:
    return found.request is not None and found.request.authorities_sent > 0


def _said(found: ClientAuthentication) -> str:
    asked = "a client certificate is asked for" if found.requested.known else "no client certificate is asked for"
    authorities = ""
    if found.request is not None and found.request.authorities:
        sent, names = found.request.authorities_sent, found.request.authorities
        authorities = f" of {'; '.join(names[:3])}{f' and {sent - 3} more' if sent > 3 else ''}"
    inside = {"served": "inside, guests are let in", "login": "inside, a login is asked for"}.get(found.guest, "")
    return "; ".join(filter(None, (asked + authorities, found.how if found.requested.known else "", inside)))
