"""Looks whether a domain holds a program's token: in DNS, and in a file that its server hands out.

Rules
- A stranger wrote the name down. Its address is looked up once, must be public, and is the one that is called
  (core.calling); no redirect is followed, little is read, and nothing waits for long.
- What answers wrongly, too much or not at all holds no token. Why is told to nobody: it would say what this network
  sees.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import dns.asyncresolver
import dns.exception
import dns.rdatatype
from dns.rdtypes.ANY.TXT import TXT
from yarl import URL

from core.calling import public_address
from miniapps.developers.domains import FILE, LABEL, DomainProof, Method

WITHIN_S: Final = 5.0
FILE_BYTES_MAX: Final = 1024
RECORDS_MAX: Final = 20
_TIMEOUT: Final = aiohttp.ClientTimeout(total=WITHIN_S)


@dataclass(frozen=True, slots=True)
class Looking:
    """nameservers: whom to ask instead of the machine's own, each an address, and `dns_port`.

    inside: a city for demonstrations calls servers of its own network too. https_port, tls: for those that are there.
    """

    http: aiohttp.ClientSession
    inside: bool = False
    nameservers: Sequence[str] = ()
    dns_port: int = 53
    https_port: int = 443
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    async def found(self, proof: DomainProof) -> Method | None:
        """Where the token stands; None where it stands nowhere."""
        in_dns, in_file = await asyncio.gather(self._in_dns(proof), self._in_file(proof))
        return Method.DNS if in_dns else Method.FILE if in_file else None

    async def _in_dns(self, proof: DomainProof) -> bool:
        try:
            answer = await self._resolver().resolve(f"{LABEL}.{proof.domain}.", dns.rdatatype.TXT, search=False)
        except (dns.exception.DNSException, OSError):
            return False
        records = [record for record in answer if isinstance(record, TXT)][:RECORDS_MAX]
        return any(b"".join(record.strings) == proof.text.encode() for record in records)

    def _resolver(self) -> dns.asyncresolver.Resolver:
        resolver = dns.asyncresolver.Resolver(configure=not self.nameservers)
        if self.nameservers:
            resolver.nameservers, resolver.port = list(self.nameservers), self.dns_port
        resolver.lifetime = WITHIN_S
        return resolver

    async def _in_file(self, proof: DomainProof) -> bool:
        try:
            return (await self._file(proof.domain)).strip() == proof.text.encode()
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _file(self, domain: str) -> bytes:
        """Empty where there is none, or too large a one. Raises: OSError, TimeoutError, aiohttp.ClientError."""
        address = await public_address(domain, port=self.https_port, inside=self.inside)
        async with self.http.get(
            URL.build(scheme="https", host=address, port=self.https_port, path=FILE),
            headers={"Host": domain, "Accept": "text/plain"},
            server_hostname=domain,
            ssl=self.tls if self.tls is not None else True,
            timeout=_TIMEOUT,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                return b""
            raw = await response.content.read(FILE_BYTES_MAX + 1)
            return raw if len(raw) <= FILE_BYTES_MAX else b""
