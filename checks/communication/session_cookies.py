"""Cookies of https stay with https, with the browser and with the site.

## What it looks at
The cookies that the front page of a web server sets over TLS: whether each carries the `Secure` attribute, and of
those that are called like a session (`sid`, `PHPSESSID`, `auth_token` …) whether scripts may read them (`HttpOnly`) and
whether they go along with requests from other sites (`SameSite`). Tokens against forged requests (`csrftoken`) are
meant to be read by scripts. Cookies over plain HTTP are not judged here: what is wrong there is the lack of TLS.
Whether addresses stay with https, `strict-transport-security` and `https-redirect` ask.

## Why it matters
A browser sends a cookie without `Secure` to `http://` addresses of the same host as well. One image link in any
page the user looks at is enough to make it do so, and the session is on the network in the clear. Without `HttpOnly`
one hole in any page of the device gives the session away. Without `SameSite` another site can act in the user's name;
some browsers take `Lax` then, not all.

## How to fix
nginx: `proxy_cookie_flags ~ secure httponly samesite=lax;`. In the application set the flags where the cookie is made
(PHP `session.cookie_secure = 1`, `session.cookie_httponly = 1`, `session.cookie_samesite = Lax`; Flask
`SESSION_COOKIE_SECURE = True`; Express `cookie: {secure: true, httpOnly: true, sameSite: "lax"}`).

## References
- RFC 6265 sections 4.1.2.5 and 4.1.2.6 (Secure, HttpOnly); draft-ietf-httpbis-rfc6265bis (SameSite)
"""

import re

from iotscan.sdk import Cookie, HttpServer, Returned, Target, bad, check, clause, command, good, skip

SESSION = re.compile(r"(?i)sess|(^|[^a-z])sid($|[^a-z])|auth|token|login|jwt|remember")
FOR_SCRIPTS = re.compile(r"(?i)csrf|xsrf")


@check(
    id="session-cookies",
    aliases=("SVC-004",),
    title="Cookies of https stay with https, the browser and the site",
    element="communication",
    variants={
        "cookie-not-secure": ("low", "A cookie is set over https without the Secure attribute"),
        "readable-by-scripts": ("low", "A session cookie may be read by scripts"),
        "cross-site": ("info", "A session cookie does not say that it stays with the site"),
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
    """A verdict for each protection that is lacking."""
    if not http.tls:
        return skip("this service speaks plain HTTP")
    page = command("curl", "-sk", "-m", "5", "-D", "-", "-o", "/dev/null", target.url("https"))
    sessions = [cookie for cookie in http.cookies if is_session(cookie)]
    found = []
    for variant, lacking, loose, expected in (
        ("cookie-not-secure", "secure", [c for c in http.cookies if not c.secure], "Secure on every cookie"),
        ("readable-by-scripts", "httponly", [c for c in sessions if not c.http_only], "HttpOnly on session cookies"),
        (
            "cross-site",
            "samesite *= *(lax|strict)",
            [c for c in sessions if c.same_site not in ("lax", "strict")],
            "SameSite=Lax or Strict on session cookies",
        ),
    ):
        if loose:
            first = loose[0].name
            found.append(
                bad(
                    variant,
                    f"cookie {first} is set without {expected.partition(' ')[0]}",
                    observed=", ".join(cookie.name for cookie in loose),
                    expected=expected,
                    reproduce=f"{page} | grep -i '^set-cookie:' | {command('grep', '-ivE', f'; *{lacking}')}",
                    shows=f"{first}=",
                )
            )
    return found or good("its cookies are protected" if http.cookies else "the front page sets no cookie")


def is_session(cookie: Cookie) -> bool:
    """True where the name is one of a session."""
    return SESSION.search(cookie.name) is not None and not FOR_SCRIPTS.search(cookie.name)
