"""Sessions over https cannot slip into plain HTTP.

## What it looks at
The front page of a web server over TLS: whether each cookie it sets carries the `Secure` attribute, and whether
it sends `Strict-Transport-Security` (HSTS) with a lifetime. Cookies over plain HTTP are not judged here: what is
wrong there is the lack of TLS.

## Why it matters
A browser sends a cookie without `Secure` to `http://` addresses of the same host as well. One image link in any
page the user looks at is enough to make it do so, and the session is on the network in the clear. HSTS closes the
other door: without it a typed address goes out over http first, and who answers first is the device.

## How to fix
nginx: `proxy_cookie_flags ~ secure httponly samesite=lax;` and `add_header Strict-Transport-Security
"max-age=31536000" always;`. lighttpd: `setenv.add-response-header = ("Strict-Transport-Security" =>
"max-age=31536000")`. In the application set the flag where the cookie is made (PHP `session.cookie_secure = 1`,
Flask `SESSION_COOKIE_SECURE = True`, Express `cookie: {secure: true}`). Begin HSTS with a short `max-age`: browsers
keep it, and they heed it only for names with a certificate they trust, never for bare addresses.

## References
- RFC 6265 section 4.1.2.5 (the Secure attribute)
- RFC 6797 (HTTP Strict Transport Security)
"""

import re

from iotscan.sdk import HttpServer, Returned, Target, bad, check, clause, command, good, skip

# Counts both in the same answer, so that a failed connection does not look like a missing header.
HSTS_COUNT = (
    "'tolower($0) ~ /^http\\// {a++} "
    'tolower($0) ~ /^strict-transport-security:.*max-age *= *"?0*[1-9]/ {h++} '
    'END {print "answers: " a+0 ", HSTS in force: " h+0}\''
)


@check(
    id="session-cookies",
    aliases=("SVC-004",),
    title="Cookies and addresses of https stay with https",
    element="communication",
    variants={
        "cookie-not-secure": ("low", "A cookie is set over https without the Secure attribute"),
        "no-hsts": ("low", "Strict-Transport-Security is not sent over https"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 3.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "web"),
    since="0.1",
    effort="low",
)
def session_cookies(http: HttpServer, target: Target) -> Returned:
    """Cookies and HSTS are verdicts of their own; ``max-age=0`` switches HSTS off."""
    if not http.tls:
        return skip("this service speaks plain HTTP")
    found = []
    loose = [c.name for c in http.cookies if not c.secure]
    page = command("curl", "-sk", "-m", "5", "-D", "-", "-o", "/dev/null", target.url("https"))
    if loose:
        found.append(
            bad(
                "cookie-not-secure",
                f"cookie {loose[0]} is set without Secure",
                observed=", ".join(loose),
                expected="Secure on every cookie",
                reproduce=f"{page} | grep -i '^set-cookie:' | grep -iv '; *secure'",
                shows=f"{loose[0]}=",
            )
        )
    age = re.search(r'(?i)max-age\s*=\s*"?0*([1-9]\d*)', http.strict_transport_security)
    if not age:
        found.append(
            bad(
                "no-hsts",
                "Strict-Transport-Security is not sent",
                observed=http.strict_transport_security or "no such header",
                expected="Strict-Transport-Security with a max-age above 0",
                # One line for the answer and one for the header: a first line alone proves the lack of the other.
                reproduce=f"{page} | tr -d '\\r' | awk {HSTS_COUNT}",
                shows="answers: 1, HSTS in force: 0",
            )
        )
    return found or good("cookies are Secure and HSTS is in force", observed=http.strict_transport_security)
