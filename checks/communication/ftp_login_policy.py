"""FTP lets nobody in without a name, nor without TLS.

## What it looks at
The FTP server that the image starts (vsftpd, ProFTPD): whether it lets in `anonymous`, whether that may store files,
and whether TLS (RFC 4217) is off, offered or demanded. Where the file says nothing the default of the manual counts:
vsftpd lets `anonymous` in unless it is told not to.

## Why it matters
FTP sends name, password and files in the clear to anyone on the path, and TLS that is only offered is taken away by
whoever stands between. An open account serves what lies in its folder to everybody; one that may write is a place to
put the next stage of an attack, or a web page, or a firmware.

## How to fix
Use SFTP (it comes with OpenSSH) and leave FTP out of the image. Where it has to stay: vsftpd `anonymous_enable=NO`,
`ssl_enable=YES`, `force_local_logins_ssl=YES`, `force_local_data_ssl=YES`; ProFTPD no `<Anonymous>` section,
`TLSEngine on`, `TLSRequired on`, `TLSProtocol TLSv1.2 TLSv1.3`.

## References
- RFC 959 (FTP), RFC 4217 (FTP with TLS)
- vsftpd.conf(5); OWASP ISVS 3.2.3
"""

from iotscan.sdk import FtpPolicy, Returned, Target, bad, check, clause, good


@check(
    id="ftp-login-policy",
    aliases=("SVC-002",),
    title="FTP lets nobody in without a name, nor without TLS",
    element="communication",
    variants={
        "anonymous-write": ("critical", "FTP lets everybody store files"),
        "anonymous": ("high", "FTP lets everybody in"),
        "cleartext": ("high", "FTP takes passwords in the clear"),
        "tls-offered": ("medium", "FTP offers TLS and takes passwords without it as well"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "configuration", "credentials", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def ftp_login_policy(ftp: FtpPolicy, target: Target) -> Returned:
    """Who gets in and how it is protected are verdicts of their own."""
    found = []
    if ftp.anonymous.known:
        writes = ftp.anonymous_writes.known
        said = "anonymous may log in and store files" if writes else "anonymous may log in"
        variant = "anonymous-write" if writes else "anonymous"
        found.append(bad(variant, said, observed=said, expected="no anonymous login", about=target.subject))
    if ftp.tls.known in ("none", "offered"):
        is_offered = ftp.tls.known == "offered"
        said = "TLS is offered, not demanded" if is_offered else "TLS is off"
        variant = "tls-offered" if is_offered else "cleartext"
        found.append(bad(variant, said, observed=said, expected="no FTP, or TLS demanded", about=target.subject))
    if found:
        return found
    for answer in (ftp.anonymous, ftp.tls):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("TLS is demanded, and nobody gets in without a name")
