"""A certificate authority for one test session, so that TLS in the tests is real TLS.

Nothing is written outside the directory it is given, and no trust store of the machine is touched: a client
trusts the authority only if the test points it to `Authority.bundle`.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


class Certificate:
    """A certificate for some names, with its key and chain in one PEM file.

    The same file serves both ends: a server through `server_context`, a client of mutual TLS through `path`
    (`requests.get(..., cert=path)`, `SSLContext.load_cert_chain(path)`).
    """

    def __init__(self, path: Path, leaf: trustme.LeafCert) -> None:
        self.path = path
        leaf.private_key_and_cert_chain_pem.write_to_path(str(path))

    def server_context(
        self,
        *,
        client_authority: Authority | None = None,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    ) -> ssl.SSLContext:
        """Return a server's context for HTTP/1.1 that wants a client certificate if told whose."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = minimum
        context.maximum_version = maximum
        context.load_cert_chain(self.path)
        # Public servers negotiate ALPN (RFC 7301); a client that offers h2 too must be told no.
        context.set_alpn_protocols(["http/1.1"])
        if client_authority is not None:
            context.load_verify_locations(client_authority.bundle)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class Authority:
    """A certificate authority whose files live in one directory.

    `bundle` is the path of its root certificate as PEM: the value for SSL_CERT_FILE, REQUESTS_CA_BUNDLE,
    AWS_CA_BUNDLE and `verify=`.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._authority = trustme.CA()
        self._issued = 0
        self.bundle = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.bundle))

    def issue(self, *names: str) -> Certificate:
        """Return a certificate for host names and IP addresses, which together are its subjectAltName."""
        self._issued += 1
        path = self._directory / f"certificate-{self._issued}.pem"
        return Certificate(path, self._authority.issue_cert(*names))

    def bundle_with(self, other: Path | str) -> Path:
        """Return the path of a bundle that holds the certificates of another PEM file and then our own.

        With certifi's file as the other one a client pays what a real bundle costs: parsing some 120 roots is
        most of the price of a new TLS context.
        """
        path = self._directory / "authority-and-others.pem"
        path.write_bytes(Path(other).read_bytes() + b"\n" + self.bundle.read_bytes())
        return path
