"""The front page belongs to the device, not to the web server that came with it.

## What it looks at
The title of the front page of every web server on the device.

## Why it matters
A page that nobody replaced says that nobody looked: the rest of the server's defaults are likely there as well.

## How to fix
Serve a page of your own, or none.

## References
- Acme house rule 7
"""

from iotscan.sdk import HttpServer, Returned, Target, bad, check, clause, command, good


@check(
    id="acme-welcome-page",
    aliases=("ACME-7",),
    title="The front page is the device's own",
    element="hardware",
    variants={"stock": ("info", "The web server still shows the page it came with")},
    clauses=(clause("Acme house rules", "2026", "7"),),
    since="0.1",
)
def acme_welcome_page(page: HttpServer, target: Target) -> Returned:
    """Fail on a page that a web server brings along."""
    if not page.title.lower().startswith(("welcome to nginx", "apache2", "it works")):
        return good("the front page is no server's own", observed=page.title)
    return bad(
        "stock",
        "the web server shows the page it came with",
        observed=page.title,
        expected="a page of the device",
        reproduce=command("curl", "-k", "-s", "-m", "5", target.url("https" if page.tls else "http")),
        shows=page.title,
    )
