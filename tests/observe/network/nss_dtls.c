/* A DTLS server on NSS for tests: nss_dtls PORT CERT.der KEY.pk8 MIN MAX, each handshake until it fails or ends. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cert.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <private/pprio.h>
#include <ssl.h>
#include <sslproto.h>

static SECItem read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    SECItem item = {siBuffer, malloc(65536), 0};
    if (!file) { perror(path); exit(1); }
    item.len = fread(item.data, 1, 65536, file);
    fclose(file);
    return item;
}

static void check(int failed, const char *what) {
    if (failed) { fprintf(stderr, "%s: %s\n", what, PR_ErrorToName(PR_GetError())); exit(1); }
}

static int listening(int port) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, raw = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    check(bind(raw, (struct sockaddr *)&here, sizeof here) != 0, "bind");
    return raw;
}

int main(int argc, char **argv) {
    if (argc != 6) return 2;
    check(NSS_NoDB_Init(NULL) != SECSuccess, "init");
    check(NSS_SetDomesticPolicy() != SECSuccess, "policy");
    SECItem der = read_file(argv[2]), pk8 = read_file(argv[3]);
    CERTCertificate *cert = CERT_DecodeCertFromPackage((char *)der.data, der.len);
    check(!cert, "certificate");
    SECKEYPrivateKey *key = NULL;
    PK11SlotInfo *slot = PK11_GetInternalSlot();
    check(PK11_ImportDERPrivateKeyInfoAndReturnKey(slot, &pk8, NULL, NULL, PR_FALSE, PR_FALSE, KU_ALL, &key, NULL) != SECSuccess, "key");
    SSLVersionRange range = {(PRUint16)strtol(argv[4], NULL, 16), (PRUint16)strtol(argv[5], NULL, 16)};
    SSL_ConfigServerSessionIDCache(0, 0, 0, "/tmp");
    int raw = listening(atoi(argv[1]));
    for (;;) {
        struct sockaddr_in guest;
        socklen_t size = sizeof guest;
        char first[2048];
        if (recvfrom(raw, first, sizeof first, MSG_PEEK, (struct sockaddr *)&guest, &size) < 0) continue;
        connect(raw, (struct sockaddr *)&guest, size);
        int next = listening(atoi(argv[1])); /* no moment without a listener: it would look like a closed port */
        PRFileDesc *fd = DTLS_ImportFD(NULL, PR_ImportUDPSocket(raw));
        check(!fd, "import");
        check(SSL_VersionRangeSet(fd, &range) != SECSuccess, "versions");
        check(SSL_ConfigServerCert(fd, cert, key, NULL, 0) != SECSuccess, "server certificate");
        SSL_OptionSet(fd, SSL_SECURITY, PR_TRUE);
        SSL_OptionSet(fd, SSL_HANDSHAKE_AS_SERVER, PR_TRUE);
        SSL_ResetHandshake(fd, PR_TRUE);
        /* Whoever says nothing for a while has left: after a ServerHello of DTLS 1.3, NSS hears no alert in the clear. */
        PRSocketOptionData unblocked = {.option = PR_SockOpt_Nonblocking, .value.non_blocking = PR_TRUE};
        PR_SetSocketOption(fd, &unblocked);
        PRPollDesc heard = {.fd = fd, .in_flags = PR_POLL_READ};
        while (SSL_ForceHandshake(fd) != SECSuccess && PR_GetError() == PR_WOULD_BLOCK_ERROR)
            if (PR_Poll(&heard, 1, PR_MillisecondsToInterval(100)) <= 0) break;
        PR_Close(fd);
        raw = next;
    }
}
