"""No credentials are asked for over plain HTTP.

## What it looks at
What the front page of a web server shows over plain HTTP: a form with a password field, a demand for Basic, Digest,
NTLM or Negotiate authentication, or a redirect to https. Redirects are not followed and nothing is filled in.

## Why it matters
A password in a form or under Basic authentication crosses the network as it is; whoever shares the Wi-Fi, a
switch or the path reads it, and he can also change the page that asks. Digest hides the password but not the
session behind it, and its MD5 can be guessed offline from one recorded login. NTLM can be guessed as well, and passed
on to another server while the user waits.

## How to fix
Serve the administration over TLS and redirect everything else to it. nginx: `listen 80; return 301
https://$host$request_uri;`. OpenWrt: `option redirect_https '1'` in `/etc/config/uhttpd`. lighttpd:
`$HTTP["scheme"] == "http" { url.redirect = ("" => "https://${url.authority}${url.path}${qsa}") }`. On a device
without TLS bind the page to the loopback address (`listen_http 127.0.0.1:80` in uhttpd) and reach it through an
SSH tunnel. Change the password afterwards: it has been sent in the clear until today.

## References
- RFC 7617 section 4 (Basic is not secure without TLS)
- RFC 7616 section 5 (Digest: offline guessing); RFC 4559 section 6 (Negotiate wants TLS)
"""

from iotscan.sdk import HttpServer, Returned, Target, bad, check, clause, command, good, skip, unknown

WINDOWS = ("ntlm", "negotiate")
ASKED = {
    "password": "a login form",
    "basic": "Basic authentication",
    "digest": "Digest authentication",
    "ntlm": "NTLM authentication",
    "negotiate": "Negotiate authentication",
}


@check(
    id="http-cleartext-login",
    aliases=("SVC-003",),
    title="No credentials are asked for over plain HTTP",
    element="communication",
    variants={
        "cleartext": ("high", "A password is asked for over plain HTTP (form or Basic)"),
        "digest": ("medium", "Digest authentication is asked for over plain HTTP"),
        "ntlm": ("medium", "NTLM or Negotiate authentication is asked for over plain HTTP"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "credentials", "network", "web"),
    since="0.1",
    effort="medium",
)
def http_cleartext_login(http: HttpServer, target: Target) -> Returned:
    """Judge the front page; a page that is elsewhere or not shown leaves it open."""
    if http.tls:
        return skip("this service speaks TLS")
    if http.redirects_to_https:
        return good("the front page redirects to https", observed=http.location)
    schemes = {c.scheme for c in http.challenges}
    windows = next((scheme for scheme in WINDOWS if scheme in schemes), "")
    if not http.asks_credentials and not windows:
        if 200 <= http.status < 300:
            if http.has_script:
                return unknown("the front page shows no login; a script on it may build one")
            return good("the front page asks for no credentials", observed=f"status {http.status}")
        return unknown(f"the front page was not shown: status {http.status} {http.location}".rstrip())
    sign = next((sign for sign in ("basic", "digest", windows) if sign in schemes), windows)
    sign = "password" if http.has_login_form else sign
    asked = ASKED[sign]
    pattern = "type *= *.?password" if http.has_login_form else f"www-authenticate: *{sign}"
    page = command("curl", "-s", "-i", "-L", "-m", "5", target.url("http"))
    return bad(
        "digest" if sign == "digest" else "ntlm" if sign in WINDOWS else "cleartext",
        f"{asked} over plain HTTP",
        observed=f"status {http.status}, {asked}",
        expected="a redirect to https, or no service on plain HTTP",
        reproduce=f"{page} | tr A-Z a-z | {command('grep', '-aoE', pattern)}",
        shows=sign,
    )
