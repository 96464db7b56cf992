"""sslyze over the first servers of the fleet: one ``Scanner`` of its own, asked what we are asked.

``python -m bench.tls.with_sslyze verdicts|suites COUNT``. It lists suites to know of forward secrecy, so both
questions cost it the six suite commands; ``suites`` adds the certificate.
"""

import sys

from sslyze import ScanCommand, Scanner, ServerNetworkLocation, ServerScanRequest

from bench.tls.fleet import PORT, addresses

SUITES = {
    ScanCommand.SSL_2_0_CIPHER_SUITES,
    ScanCommand.SSL_3_0_CIPHER_SUITES,
    ScanCommand.TLS_1_0_CIPHER_SUITES,
    ScanCommand.TLS_1_1_CIPHER_SUITES,
    ScanCommand.TLS_1_2_CIPHER_SUITES,
    ScanCommand.TLS_1_3_CIPHER_SUITES,
}


def main() -> None:
    """Scan, and fail where a server was not."""
    mode, count = sys.argv[1], int(sys.argv[2])
    commands = SUITES | ({ScanCommand.CERTIFICATE_INFO} if mode == "suites" else set())
    scanner = Scanner()
    scanner.queue_scans(
        ServerScanRequest(server_location=ServerNetworkLocation(address, PORT), scan_commands=commands)
        for address in addresses(count)
    )
    for result in scanner.get_results():
        if result.scan_result is None:
            sys.exit(f"no answer from {result.server_location.hostname}")


if __name__ == "__main__":
    main()
