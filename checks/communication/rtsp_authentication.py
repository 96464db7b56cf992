"""Video is delivered by RTSP only to who has logged in.

## What it looks at
Whether an RTSP server describes a stream (DESCRIBE) to somebody without credentials, on a path that nobody has and on
the usual ones of cameras, and how it asks for a login where it does not. No stream is set up or played, and no
password is tried.

## Why it matters
Whoever is on the same network sees what the camera sees: a room, a door, when nobody is at home. Open streams that the
internet reaches are listed in public collections. Basic sends the password in the clear; Digest with MD5 hides it,
but one recorded login is enough to guess it offline.

## How to fix
Let RTSP ask for a login, by Digest with SHA-256 or inside TLS (RTSPS), and let only the recorder reach the camera (a
VLAN, a firewall). Hikvision: *System, Security, Authentication, RTSP authentication: digest*, and *digest algorithm:
SHA256* where there is one. Dahua: *System, Security, System service*: private protocol and RTSP with authentication,
*RTSP over TLS*. Axis: *System, Plain config, Network, RTSP: Require authentication*. GStreamer:
`gst_rtsp_auth_set_supported_methods` with Digest, and a role with access on every factory; mediamtx: `authMethods` with
users who may *read*.

## References
- RFC 2326 sections 10.2 (DESCRIBE) and 16 (security); RFC 7826 section 19
- RFC 7616 (Digest with SHA-256), RFC 7617 section 4 (Basic is not secure without TLS)
- OWASP IoT Top 10 2018, I6 (insufficient privacy protection)
"""

from iotscan.sdk import Returned, RtspServer, Target, bad, check, clause, command, good, skip

_LINES = r"{} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"


@check(
    id="rtsp-authentication",
    aliases=("SVC-007",),
    title="RTSP delivers video only to who has logged in",
    element="communication",
    variants={
        "open": ("high", "A video stream is open to everybody"),
        "basic": ("medium", "The password for the video crosses the network in the clear (Basic)"),
        "digest-md5": ("low", "The login for the video rests on MD5, which can be guessed from a recording"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I6"),
        clause("IEC 62443-4-2", "2019", "CR 1.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("cleartext", "credentials", "exposure", "network"),
    since="0.1",
    effort="low",
)
def rtsp_authentication(rtsp: RtspServer, target: Target) -> Returned:
    """An open stream is worst; a login is judged by what it gives away to who listens."""
    if rtsp.methods and "DESCRIBE" not in rtsp.methods:
        return skip("it describes no streams: it only takes them")
    if not rtsp.needs_login.value:
        listed = ", ".join(rtsp.media)
        return bad(
            "open",
            f"the stream {rtsp.path} is described to anybody",
            observed=f"DESCRIBE {rtsp.path}: {listed}",
            expected="401 to DESCRIBE without credentials",
            reproduce=_ask(rtsp, target, "^m=[a-z]*"),
            shows="m=" + rtsp.media[0].partition(" ")[0],
        )
    asked = ", ".join(dict.fromkeys(f"{c.scheme} {c.algorithm}".strip() for c in rtsp.challenges))
    schemes = {c.scheme for c in rtsp.challenges}
    if rtsp.tls:
        return good("a login is asked for, inside TLS", observed=asked)
    if "basic" in schemes:
        return _weak("basic", "Basic authentication in the clear", asked, rtsp, target)
    if any(c.scheme == "digest" and c.algorithm.removesuffix("-sess") == "md5" for c in rtsp.challenges):
        return _weak("digest-md5", "Digest authentication with MD5", asked, rtsp, target)
    return good("a login is asked for", observed=asked)


def _weak(variant: str, what: str, asked: str, rtsp: RtspServer, target: Target) -> Returned:
    sign = variant.partition("-")[0]
    return bad(
        variant,
        f"{what} guards the stream",
        observed=f"DESCRIBE {rtsp.path}: 401, {asked}",
        expected="Digest with SHA-256, or a login inside TLS (RTSPS)",
        reproduce=_ask(rtsp, target, f"www-authenticate: *{sign}"),
        shows=sign,
    )


def _ask(rtsp: RtspServer, target: Target, pattern: str) -> str:
    """One DESCRIBE, sent by hand: curl's own answer to a URL of RTSP is OPTIONS alone."""
    scheme = "rtsps" if rtsp.tls else "rtsp"
    words = _LINES.format(f"DESCRIBE {target.url(scheme, rtsp.path)}")
    dial = ("timeout", "5", "openssl", "s_client", "-quiet", "-connect", target.authority)
    way = dial if rtsp.tls else ("nc", "-w", "2", target.host, str(target.port))
    return f"{command('printf', '%b', words)} | {command(*way)} | tr A-Z a-z | {command('grep', '-aoE', pattern)}"
