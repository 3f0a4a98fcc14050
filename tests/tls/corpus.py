"""Certificate chains that differ in whether and why a client should accept them, made anew for each session."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
HOST = "origin.test"

# ecdsa-with-SHA256 and ecdsa-with-SHA1 (RFC 5758, 3.2; RFC 3279, 2.2.3).
ECDSA = "2a8648ce3d040302", "2a8648ce3d0401"


def name(*parts: str, kind: _ASN1Type = _ASN1Type.UTF8String) -> x509.Name:
    """A name of an organization and a common name, or of a common name alone."""
    oids = [NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME][-len(parts) :]
    return x509.Name([x509.NameAttribute(oid, part, _type=kind) for oid, part in zip(oids, parts, strict=True)])


class Issued:
    """A certificate and its key. `issue` makes those below it."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self.key = key
        self.pem = certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, subject: x509.Name, **options: object) -> Issued:
        return make(subject, self, **options)  # type: ignore[arg-type]

    def leaf(self, **options: object) -> Issued:
        return make(name("leaf"), self, authority=False, **options)  # type: ignore[arg-type]


def make(
    subject: x509.Name,
    issuer: Issued | None = None,
    *,
    authority: bool = True,
    issuer_name: x509.Name | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    start: int = -30,
    end: int = 30,
    path_length: int | None = None,
    constraint: str | None = None,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    names: Sequence[x509.GeneralName] = (x509.DNSName(HOST),),
) -> Issued:
    """A certificate valid from day `start` to day `end` from today."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer = issuer.key if issuer else key
    above = issuer.certificate.subject if issuer else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name or above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + start * DAY)
        .not_valid_after(NOW + end * DAY)
        .add_extension(x509.BasicConstraints(authority, path_length), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if authority:
        usages = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usages |= {"encipher_only": False, "decipher_only": False, "digital_signature": True}
        builder = builder.add_extension(x509.KeyUsage(**usages, key_cert_sign=True, crl_sign=True), critical=True)
    else:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if constraint is not None:
        constraints = x509.NameConstraints([x509.DNSName(constraint)], None)
        builder = builder.add_extension(constraints, critical=True)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def signed_with_sha1(issued: Issued, issuer: Issued) -> Issued:
    """The same certificate with a signature that cryptography does not make any more."""
    with_sha256, with_sha1 = (bytes.fromhex(f"30{len(oid) // 2 + 2:02x}06{len(oid) // 2:02x}{oid}") for oid in ECDSA)
    body = issued.certificate.tbs_certificate_bytes[4:].replace(with_sha256, with_sha1, 1)
    signed = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    # ECDSA takes a digest for a number: zeros before it do not matter.
    digest = bytes(12) + hashlib.sha1(signed).digest()
    signature = b"\0" + issuer.key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    whole = signed + with_sha1 + b"\x03" + bytes([len(signature)]) + signature
    der = b"\x30\x82" + len(whole).to_bytes(2, "big") + whole
    return Issued(x509.load_der_x509_certificate(der), issued.key)


class Corpus:
    """The chains, each as the PEM file that a server loads, and the bundles.

    Attributes:
        cases: path of a JSON file: a list of [case, server's PEM file, host name].
        bundle: path of a large bundle with the roots that are to be trusted.
        roots: path of these roots alone.
        crossed: a large bundle in which some roots have other keys than in `bundle`, under the same names.
    """

    def __init__(self, directory: Path, others: str) -> None:
        self._directory = directory
        self._roots: list[Issued] = []
        self._cases: list[tuple[str, str, str]] = []
        self._good_and_bad()
        self._constrained()
        self._twice_named()
        self._oddly_named()
        self.cases = directory / "cases.json"
        self.cases.write_text(json.dumps(self._cases))
        self.roots = self._write("roots", "".join(root.pem for root in self._roots))
        self.bundle = self._write("bundle", others + "".join(root.pem for root in self._roots))
        crossed = [make(root.certificate.subject).pem for root in self._roots]
        self.crossed = self._write("crossed", others + "".join(crossed[::2]))

    def _write(self, stem: str, text: str) -> Path:
        path = self._directory / f"{stem}.pem"
        path.write_text(text)
        return path

    def _root(self, *parts: str, **options: object) -> Issued:
        root = make(name(*parts), **options)  # type: ignore[arg-type]
        self._roots.append(root)
        return root

    def _case(self, case: str, *chain: Issued, host: str = HOST) -> None:
        key = chain[0].key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._write(case.replace(" ", "-"), key.decode() + "".join(part.pem for part in chain))
        self._cases.append((case, str(path), host))

    def _good_and_bad(self) -> None:
        root = self._root("Company", "Root")
        between = root.issue(name("Company", "Intermediate"))
        self._case("good", between.leaf(), between)
        self._case("good with its root", between.leaf(), between, root)
        self._case("good without intermediate", root.leaf())
        self._case("expired leaf", between.leaf(end=-1), between)
        self._case("leaf not yet valid", between.leaf(start=1), between)
        self._case("missing intermediate", between.leaf())
        self._case("wrong host", between.leaf(), between, host="other.test")
        self._case("client's certificate", between.leaf(usage=ExtendedKeyUsageOID.CLIENT_AUTH), between)
        self._case("common name alone", make(name(HOST), root, authority=False, names=()))
        self._case("address", root.leaf(names=[x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]), host="192.0.2.1")
        self._case("other address", root.leaf(), host="192.0.2.1")
        self._case("wildcard", root.leaf(names=[x509.DNSName(f"*.{HOST}")]), host=f"a.{HOST}")
        self._case("signed with SHA-1", signed_with_sha1(root.leaf(), root))
        between = root.leaf()
        self._case("leaf as authority", between.leaf(), between)
        self._case("self-signed", make(name("leaf"), authority=False))
        stranger = make(name("Stranger", "Root"))
        self._case("untrusted", stranger.leaf(), stranger)
        self._case("untrusted without root", stranger.leaf())
        self._case("untrusted with a trusted one's name", make(name("Company", "Root")).leaf())
        old = self._root("Company", "Expired Root", end=-1)
        self._case("expired root", old.leaf())
        between_old = root.issue(name("Company", "Expired Intermediate"), end=-1)
        self._case("expired intermediate", between_old.leaf(), between_old)
        anchor = stranger.issue(name("Company", "Anchor"))
        self._roots.append(anchor)
        self._case("intermediate as anchor", anchor.leaf())
        self._case("intermediate as anchor with its root", anchor.leaf(), anchor, stranger)

    def _constrained(self) -> None:
        short = self._root("Company", "Short", path_length=0)
        between = short.issue(name("Company", "Too Long"))
        self._case("path length", between.leaf(), between)
        self._case("path length kept", short.leaf())
        self._case("names within root's", self._root("Company", "Test Names", constraint="test").leaf())
        self._case("names outside root's", self._root("Company", "Example Names", constraint="example").leaf())
        outside = self._root("Company", "Names").issue(name("Company", "Names Below"), constraint="example")
        self._case("names outside intermediate's", outside.leaf(), outside)

    def _twice_named(self) -> None:
        one, other = self._root("Company", "Twice"), self._root("Company", "Twice")
        self._case("first key of a name", one.leaf())
        self._case("second key of a name", other.leaf())
        self._case("third key of a name", make(name("Company", "Twice")).leaf())
        key = ec.generate_private_key(ec.SECP256R1())
        renewed = self._root("Company", "Renewed", key=key, end=-1)
        self._root("Company", "Renewed", key=key)
        self._case("renewed root", renewed.leaf())
        key = ec.generate_private_key(ec.SECP256R1())
        replaced = self._root("Company", "Replaced", key=key)
        self._root("Company", "Replaced", key=key, end=-1)
        self._case("root and its expired self", replaced.leaf())
        key = ec.generate_private_key(ec.SECP256R1())
        gone = self._root("Company", "Gone", key=key, end=-2)
        self._root("Company", "Gone", key=key, end=-1)
        self._case("root twice expired", gone.leaf())
        old, young = self._root("Company", "Old"), make(name("Company", "Young"))
        crossed = make(name("Company", "Young"), old, key=young.key)
        self._case("cross-signed", young.leaf(), crossed)
        self._case("cross-signed, old root expired", *self._crossed(end=-1))
        self._roots.append(young)
        self._case("cross-signed, both trusted", young.leaf(), crossed)

    def _crossed(self, end: int) -> tuple[Issued, Issued]:
        old, young = self._root("Company", "Former", end=end), self._root("Company", "Present")
        return young.leaf(), make(name("Company", "Present"), old, key=young.key)

    def _oddly_named(self) -> None:
        """The same name, written in two ways, is one name (RFC 5280, 7.1); some others are two."""
        printable, teletex = _ASN1Type.PrintableString, _ASN1Type.T61String
        for case, in_root, in_leaf in (
            ("case", name("Company", "UPPER"), name("company", "upper")),
            ("spaces", name("  Company ", "Many \t Spaces"), name("Company", "Many Spaces")),
            ("string type", name("Company", "Printable", kind=printable), name("Company", "Printable")),
            ("T61", name("Company", "Teletex", kind=teletex), name("Company", "Teletex")),
            ("umlauts", name("Gesellschaft", "Wurzel für Überprüfung"), name("gesellschaft", "wurzel für Überprüfung")),
            ("case of umlauts", name("Gesellschaft", "Ärger"), name("Gesellschaft", "ärger")),
            ("Greek", name("Εταιρεία", "Ρίζα"), name("Εταιρεία", "Ρίζα")),
            ("other order", name("Order", "Root"), x509.Name(reversed(list(name("Order", "Root"))))),
        ):
            root = make(in_root)
            self._roots.append(root)
            self._case(f"name: {case}", root.leaf(issuer_name=in_leaf))
        pair = x509.RelativeDistinguishedName([*name("b", "a")])
        both = make(x509.Name([pair]))
        self._roots.append(both)
        self._case("name: two in one", both.leaf())
