"""What is known of the revocation of a chain that a server sent: its staple, what the user gave, what was fetched."""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from iotscan.model.facts.certificate import Certificate, RevocationAnswer, RevocationStatus
from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.probe import Door
from iotscan.observe.network.revocation_fetch import Fetcher
from iotscan.observe.network.workers.worker import Worker, WorkerError
from iotscan.observe.revocation import authorities_of, judge_by_files
from iotscan.wire.revocation.lists import Lists, RevocationList
from iotscan.wire.revocation.ocsp import OcspResponse, Unreadable, request
from iotscan.wire.revocation.path import Held, path_of

WORKER = "iotscan.observe.network.workers.revocation_worker"
MEMORY = 768 * 1024 * 1024
"""Bytes that the worker may keep: the lists that the user gave are in it."""
_SECONDS = 60.0
"""Of one chain: the largest list that is read takes two."""
_URLS = 4
"""URLs of one kind in one certificate that are of interest."""
MOST_OF_CHAIN = 8
"""URLs that are fetched for one chain: one device shall not use up what there is for all."""
NOT_GRANTED = "--fetch-revocation was not given"


class Revocation:
    """What a scan knows besides the staples: ``files`` of the user, ``stores`` (paths) of issuers, a way to fetch.

    ``worker`` reads lists; without one they are read here.
    """

    def __init__(
        self,
        *,
        files: Sequence[GivenFile] = (),
        stores: Sequence[str] = (),
        worker: Worker | None = None,
        fetcher: Fetcher | None = None,
    ) -> None:
        self._files = tuple(files)
        self._stores = tuple(stores)
        self._worker = worker
        self._fetcher = fetcher

    async def status(
        self, door: Door, chain: Sequence[bytes], certificates: Mapping[int, Certificate], staple: bytes
    ) -> RevocationStatus:
        """What everything says of a chain: in DER, and as facts by their place in it. Never raises."""
        round_ = _Round(certificates)
        if self._fetcher is None:
            round_.unfetched = dict.fromkeys((url for url, _ in _named(certificates.values())), NOT_GRANTED)
        elif round_.names_any:
            path = path_of(chain, [c for store in self._stores for c in authorities_of(store)])
            with door.line.held_up():
                await round_.fetch(self._fetcher, path)
        answers: tuple[RevocationAnswer, ...] = ()
        if staple or self._files or round_.fetched:
            answers = await self._judge(door, chain, staple, round_.fetched)
        return RevocationStatus(
            answers=(*answers, *round_.failed),
            unfetched=tuple(round_.unfetched),
            unfetched_because="; ".join(dict.fromkeys(round_.unfetched.values())),
            opening=door.opening,
        )

    async def _judge(
        self, door: Door, chain: Sequence[bytes], staple: bytes, fetched: Sequence[OcspResponse | RevocationList]
    ) -> tuple[RevocationAnswer, ...]:
        has_lists = any(f.kind == "crl" for f in self._files) or any(isinstance(f, RevocationList) for f in fetched)
        if not has_lists or self._worker is None:
            try:
                return judge_by_files(chain, self._files, self._stores, staple=staple, fetched=fetched)
            except (OSError, Unreadable) as error:
                return (_lost(f"a file that was given cannot be read any more ({error})"),)
        job = {
            "do": "revocation",
            "certificates": [_text(der) for der in chain],
            "staple": _text(staple),
            "files": [msgspec.to_builtins(file) for file in self._files],
            "stores": self._stores,
            "fetched": [_packed(one) for one in fetched],
        }
        try:
            said = await self._worker.call(job, seconds=_SECONDS, waiting=door.line.held_up())
            return tuple(msgspec.convert(said["answers"], tuple[RevocationAnswer, ...]))
        except (WorkerError, msgspec.ValidationError, KeyError) as error:
            return (_lost(str(error)),)


class _Round:
    """What was fetched for one chain."""

    def __init__(self, certificates: Mapping[int, Certificate]) -> None:
        self._certificates = certificates
        self.fetched: list[OcspResponse | RevocationList] = []
        self.failed: list[RevocationAnswer] = []
        self.unfetched: dict[str, str] = {}
        self._tried = 0

    @property
    def names_any(self) -> bool:
        """Whether there is anything that one could ask."""
        return any(True for _ in _named(self._certificates.values()))

    async def fetch(self, fetcher: Fetcher, path: Sequence[Held]) -> None:
        """Fetch what the certificates of a path name; the others' is left, for nobody can tell who may sign it."""
        for held in path:
            if held.position in self._certificates:
                await self._of(fetcher, held, self._certificates[held.position])
        judged = {held.position for held in path}
        for position, certificate in self._certificates.items():
            if position not in judged:
                for url, _ in _named([certificate]):
                    self.unfetched.setdefault(url, "the issuer of the certificate is not known")

    def _is_settled(self, held: Held) -> bool:
        """Whether a list that was fetched answers today: one list does for all devices, a response for one alone."""
        lists = Lists(tuple(one for one in self.fetched if isinstance(one, RevocationList)))
        now = datetime.now(UTC)
        return any(answer.status and not answer.refusal_at(now) for answer in lists.answer(held))

    async def _of(self, fetcher: Fetcher, held: Held, certificate: Certificate) -> None:
        for url, is_list in _named([certificate]):
            if not is_list and self._is_settled(held):
                continue
            if self._tried >= MOST_OF_CHAIN:
                self.unfetched[url] = f"the chain names more than {MOST_OF_CHAIN} URLs"
                continue
            self._tried += 1
            got = await (fetcher.crl(url) if is_list else fetcher.ocsp(url, request(held)))
            problem = got.why
            if got.data:
                try:
                    self.fetched.append(
                        RevocationList(got.data, where=url, is_asked=True, position=held.position)
                        if is_list
                        else OcspResponse(got.data, source="ocsp", where=url, is_asked=True, position=held.position)
                    )
                except Unreadable as error:
                    problem = str(error)
            if problem and not got.is_asked:
                self.unfetched[url] = problem
            elif problem:
                answer = RevocationAnswer(
                    position=held.position, source="crl" if is_list else "ocsp", where=url, problem=problem
                )
                self.failed.append(answer)


def _named(certificates: Iterable[Certificate]) -> Iterator[tuple[str, bool]]:
    """The URLs that certificates name, and whether each is one of a list; not of those that signed themselves."""
    for certificate in certificates:
        if certificate.is_root:
            continue
        deltas = certificate.extensions.delta_crl_urls if certificate.extensions else ()
        yield from ((url, True) for url in (*certificate.crl_urls[:_URLS], *deltas[:_URLS]))
        yield from ((url, False) for url in certificate.ocsp_urls[:_URLS])


def _lost(problem: str) -> RevocationAnswer:
    return RevocationAnswer(position=0, source="crl", where="files", problem=problem)


def _packed(one: OcspResponse | RevocationList) -> dict[str, str | int]:
    kind = "ocsp" if isinstance(one, OcspResponse) else "crl"
    return {"kind": kind, "where": one.where, "data": _text(one.der), "position": one.position}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
