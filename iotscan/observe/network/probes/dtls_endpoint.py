"""What a DTLS server accepts, by the same interview as over a stream, and the chain that it sends up to DTLS 1.2."""

from iotscan.model.answer import Answer
from iotscan.model.facts import ClientAuthentication, kind_of
from iotscan.model.facts.certificate import CertificateChain, RevocationStatus
from iotscan.model.facts.tls import DTLS_VERSIONS, DtlsServer, TlsEndpoint
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.chains import Chain, describe, with_gap_of_revocation
from iotscan.observe.network.client_authentication import judge_clients
from iotscan.observe.network.datagram_hellos import over_datagrams, say_hello
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.tls.interview import Interview
from iotscan.wire.tls.hello import Offer
from iotscan.wire.tls.suites import SUITES, offer

_CHAIN = "certificate-chain"


async def ask(door: Door) -> Heard:
    """Interview one service that answered a DTLS hello. Never raises a DialError."""
    pace = door.line.pace
    interview = Interview(
        over_datagrams(door),
        versions=DTLS_VERSIONS,
        server_name=door.server_name,
        ceiling=pace.tls_connections,
        is_complete=pace.complete_suites,
    )
    await interview.hold()
    endpoint = interview.endpoint()
    if endpoint is None:
        needs = (kind_of(TlsEndpoint), _CHAIN, kind_of(ClientAuthentication))
        missing = tuple(_never_absent(interview.nothing(need)) for need in needs)
        return with_gap_of_revocation(Heard(missed=missing))
    chain = with_gap_of_revocation(await _chain(door, endpoint, interview))
    clients = await judge_clients(door, endpoint, ())
    facts = (endpoint, *chain.facts, *([clients] if clients else []))
    gaps = chain.missed if clients else (*chain.missed, _no_clients(endpoint))
    return Heard(facts=facts, missed=gaps, excerpt=interview.excerpt)


def _no_clients(endpoint: TlsEndpoint) -> Missed:
    why = endpoint.client_certificate
    need = kind_of(ClientAuthentication)
    return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=why.reason, detail=why.detail)


def _never_absent(gap: Missed) -> Missed:
    # It did answer in DTLS a moment ago: what came now is no proof that it has none.
    if gap.status is not AttemptStatus.ABSENT:
        return gap
    return Missed(need=gap.need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=gap.detail)


async def _chain(door: Door, endpoint: TlsEndpoint, interview: Interview) -> Heard:
    if interview.certificates:
        chain = Chain(
            certificates=interview.certificates,
            engine="hello",
            ocsp_stapled=endpoint.stapled,
            staple=interview.staple,
        )
        return await describe(door, chain)
    return await _ask_for_chain(door, endpoint)


async def _ask_for_chain(door: Door, endpoint: TlsEndpoint) -> Heard:
    """A server that selected other suites so far is asked for those with a certificate alone."""
    best = next((v for v in reversed(endpoint.accepted_versions) if v != "DTLSv1.3"), "")
    if not best:
        return _no_chain(AttemptStatus.UNREADABLE, Reason.NOT_OBSERVABLE, "DTLS 1.3 encrypts the certificate")
    if any(SUITES[s.code].needs_certificate for s in endpoint.selected if s.code in SUITES and s.version != "DTLSv1.3"):
        return _no_chain(AttemptStatus.UNREADABLE, Reason.UNREADABLE, "no whole X.509 chain came in the clear")
    suites = offer(best, lambda suite: suite.needs_certificate)
    said = (await say_hello(door, Offer(versions=(best,), suites=suites, server_name=door.server_name))).said
    if said.error is not None:
        return Heard(missed=(missed(CertificateChain, said.error),))
    if said.flight.certificates and said.flight.answer is not None and said.flight.answer.certificate_type == 0:
        stapled = Answer[bool].missing(Reason.NOT_OBSERVABLE, "it was not asked for a staple beside a certificate")
        return await describe(door, Chain(certificates=said.flight.certificates, engine="hello", ocsp_stapled=stapled))
    if said.flight.answer is not None and said.flight.answer.kind == "alert":
        detail = "the server works with pre-shared keys or anonymously, and refuses every suite with a certificate"
        return _no_chain(AttemptStatus.ABSENT, None, detail)
    detail = "asked for suites with a certificate alone, it gave no whole answer"
    return _no_chain(AttemptStatus.TIMED_OUT, Reason.TIMEOUT, detail)


def _no_chain(status: AttemptStatus, reason: Reason | None, detail: str) -> Heard:
    return Heard(missed=(Missed(need=_CHAIN, status=status, reason=reason, detail=detail),))


PROBE = Probe(
    name="dtls-endpoint",
    version=2,
    speaks=frozenset({"coaps"}),
    gives=(TlsEndpoint, CertificateChain, ClientAuthentication, RevocationStatus),
    ask=ask,
    stage=1,
    after=DtlsServer,
    wants=(DtlsServer,),
)
