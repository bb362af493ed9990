"""A CI system that gives its runs ID tokens: its document and its keys over HTTP, and tokens that it signs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

DISCOVERY: Final = "/.well-known/openid-configuration"
KEYS: Final = "/keys"
# As GitHub Actions gives a job its token: with a token of the request itself.
REQUEST: Final = "/request?api-version=2"
REQUEST_TOKEN: Final = "only-for-this-job"


@dataclass
class CiIssuer:
    """url: its address, which is its name. asked: paths, in order. claims: what a run says besides `iss` and times."""

    url: str
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(public_exponent=65537, key_size=2048))
    asked: list[str] = field(default_factory=list)
    claims: dict[str, Any] = field(default_factory=dict)
    now: float = 0.0
    count: int = 0

    @property
    def document(self) -> dict[str, str]:
        return {"issuer": self.url, "jwks_uri": self.url + KEYS}

    @property
    def jwks(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "ci-1", "use": "sig", "alg": "RS256"}]}

    def token(self, *, aud: str, key: RSAPrivateKey | None = None, alg: str = "RS256", **more: Any) -> str:
        """Of a run that begins now. more: claims, in place of those or besides; None takes one out."""
        self.count += 1
        now = int(self.now)
        told = {"iss": self.url, "aud": aud, "iat": now, "nbf": now, "exp": now + 300, "jti": f"run-{self.count}"}
        claims = {name: value for name, value in {**told, **self.claims, **more}.items() if value is not None}
        secret: Any = "a secret of no worth, but long enough" if alg == "HS256" else key or self.key
        return jwt.encode(claims, secret, algorithm=alg, headers={"kid": "ci-1", "typ": "JWT"})

    def answer(self, path: str, headers: Mapping[str, str]) -> object | None:
        """What it answers at a path; None for nothing."""
        self.asked.append(path)
        parts = urlsplit(path)
        if parts.path == DISCOVERY:
            return self.document
        if parts.path == KEYS:
            return self.jwks
        if parts.path == "/request" and headers.get("Authorization") == f"Bearer {REQUEST_TOKEN}":
            return {"value": self.token(aud=parse_qs(parts.query)["audience"][0])}
        return None


@contextmanager
def ci_issuer(**claims: Any) -> Iterator[CiIssuer]:
    """One on a port of its own, until the block ends."""

    class Door(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            found = issuer.answer(self.path, dict(self.headers))
            body = json.dumps(found).encode()
            self.send_response(200 if found is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    issuer = CiIssuer(f"http://127.0.0.1:{server.server_port}", claims=dict(claims))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
