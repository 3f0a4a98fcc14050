"""What our reader understands, OpenSSL loads, and finds under the same names; the rest is OpenSSL's to judge."""

from __future__ import annotations

import importlib.util
import shutil
import ssl
import subprocess
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lambda_keepalive import certificates, hashed_directory, subject_name, unknown_certificate
from lambda_keepalive.known_certificates import SUBJECT_HASHES

from tests.tls import known
from tests.tls.corpus import make, name

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the command openssl is not installed")

ROOT = make(name("Company", "Root"))
PEM = ROOT.pem.encode()
LINES = PEM.splitlines(keepends=True)
BEGIN, BODY, END = LINES[0], b"".join(LINES[1:-1]), LINES[-1]


def loaded(pem: bytes, directory: Path) -> int | None:
    """How many certificates OpenSSL loads from a file with this content; None if it refuses."""
    path = directory / "bundle.pem"
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        return None
    return context.cert_store_stats()["x509"]


def bundle_of_botocore() -> str | None:
    package = importlib.util.find_spec("botocore")
    path = Path(package.origin).with_name("cacert.pem") if package and package.origin else None
    return str(path) if path and path.exists() else None


@pytest.fixture(params=["certifi", "system", "botocore"])
def bundle(request: pytest.FixtureRequest) -> bytes:
    """A public bundle that is found here."""
    paths = {
        "certifi": certifi.where(),
        "system": ssl.get_default_verify_paths().cafile,
        "botocore": bundle_of_botocore(),
    }
    path = paths[request.param]
    if path is None:
        pytest.skip("not here")
    return Path(path).read_bytes()


@needs_openssl
def test_public_bundles_get_the_names_that_openssl_rehash_gives(bundle: bytes, tmp_path: Path) -> None:
    found = certificates.read(bundle)
    assert found
    for number, (_, pem) in enumerate(found):
        (tmp_path / f"{number}.pem").write_bytes(pem)
    subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
    links = [path for path in tmp_path.iterdir() if path.is_symlink()]
    assert sorted((path.name[:8], path.read_bytes()) for path in links) == sorted(found)


def test_what_is_known_of_public_certificates_is_what_reading_them_tells(bundle: bytes) -> None:
    read = {known.digest(body): unknown_certificate.subject_hash(body) for body in known.bodies(bundle)}
    known_here = {digest: subject_hash for digest, subject_hash in SUBJECT_HASHES.items() if digest in read}
    assert known_here.items() <= read.items()
    # Bundles change by a few certificates a year. Below this, `python -m tests.tls.known` has some to add.
    assert len(known_here) >= 0.8 * len(read)


def test_the_cas_of_aws_and_of_the_function_itself_are_often_needed() -> None:
    found = certificates.read(Path(certifi.where()).read_bytes() + PEM) or []
    often = certificates.often_needed(found)
    assert found[-1][0] in often
    assert often.intersection(SUBJECT_HASHES.values()) == certificates.AMAZON
    lines = [line for line in known.TABLE.read_text().splitlines() if "#" in line]
    names = {line.partition("# ")[2] for line in lines if line.split('"')[3] in certificates.AMAZON}
    assert names == {*(f"CN=Amazon Root CA {number}" for number in range(1, 5)), "CN=Starfield Services Root Certif"}


def test_certificates_that_are_often_needed_share_no_file(tmp_path: Path) -> None:
    numbered = [(f"{number:08x}", b"%d\n" % number) for number in range(100)] + [("00000000", b"again\n")]
    hashed_directory.make(str(tmp_path / "some"), numbered, {"00000000", "00000063"})
    hashed_directory.make(str(tmp_path / "all"), numbered, {subject_hash for subject_hash, _ in numbered})
    for directory in ("some", "all"):
        files = {path.name: path.read_bytes() for path in (tmp_path / directory).iterdir()}
        assert len(files) == 100
        assert files["00000000.0"] == b"0\nagain\n"
        for number in range(1, 100):
            assert b"%d\n" % number in files[f"{number:08x}.0"].splitlines(keepends=True)
        assert max(len(content.splitlines()) for content in files.values()) <= 7
    assert (tmp_path / "some" / "00000063.0").read_bytes() == b"99\n"
    assert len({path.stat().st_ino for path in (tmp_path / "all").iterdir()}) == 16 + 8


def test_one_character_more_or_less_makes_a_certificate_unknown() -> None:
    body = known.bodies(Path(certifi.where()).read_bytes())[0]
    assert known.digest(body) in SUBJECT_HASHES
    begin, end = known.BEGIN, known.END + b"\n"
    for damaged in (body[1:], body + b"=", body + b"\n", body.replace(b"\n", b"", 1), b"\n" + body):
        assert certificates.read(begin + damaged + end) is None


TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from(" \t\n\r\v\f  AbZ\u00c4\u00df\u0130"),
    min_size=1,
    max_size=16,  # in UTF-8 four times as many, the most that X.520 allows
)
ASCII = st.text("ABC xyz.'()+-/:?", min_size=1, max_size=60)
OIDS = [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.EMAIL_ADDRESS]
ATTRIBUTES = st.builds(
    lambda oid, value: x509.NameAttribute(oid, value[0], _type=value[1]),
    st.sampled_from(OIDS),
    st.tuples(TEXT, st.just(_ASN1Type.UTF8String))
    | st.tuples(ASCII, st.sampled_from([_ASN1Type.PrintableString, _ASN1Type.IA5String, _ASN1Type.T61String])),
)
PARTS = st.lists(ATTRIBUTES, min_size=1, max_size=3, unique_by=lambda attribute: (attribute.oid, attribute.value))
NAMES = st.lists(PARTS.map(x509.RelativeDistinguishedName), max_size=4).map(x509.Name)


@needs_openssl
@given(names=st.lists(NAMES, min_size=30, max_size=30, unique=True))
@settings(max_examples=10, deadline=None, database=None, suppress_health_check=[*HealthCheck], phases=[Phase.generate])
def test_any_name_has_the_hash_that_openssl_finds_it_by(
    names: list[x509.Name], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("names")
    certificates_of_names = [make(subject, key=ROOT.key).pem for subject in names]
    for number, pem in enumerate(certificates_of_names):
        (directory / f"{number}.pem").write_text(pem)
    subprocess.run(["openssl", "rehash", str(directory)], check=True, capture_output=True)
    links = [path for path in directory.iterdir() if path.is_symlink()]
    found = certificates.read("".join(certificates_of_names).encode())
    assert sorted((path.name[:8], path.read_bytes()) for path in links) == sorted(found or ())


def test_a_string_type_that_no_root_uses_is_left_to_openssl() -> None:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root", _type=_ASN1Type.BMPString)])
    assert certificates.read(make(subject).pem.encode()) is None


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        (PEM, True),
        (PEM.rstrip(), True),
        (PEM + PEM, True),
        (b"# Wurzel \xc3\xa4\n\n" + PEM + b"\n# another\n" + PEM, True),
        (b"", False),
        (b"garbage", False),
        (PEM.replace(b"\n", b"\r\n"), False),
        (b"\xef\xbb\xbf" + PEM, False),
        (b"x" + PEM, False),
        (b" " + PEM, False),
        (b"\0\n" + PEM, False),
        (PEM[: len(PEM) // 2], False),
        (PEM.replace(b"-----END CERTIFICATE-----", b"-----END CERTIFICATE-----x"), False),
        (BEGIN + b"Header: value\n\n" + BODY + END, False),
        (BEGIN + BODY.replace(b"\n", b"") + b"\n" + END, False),
        (BEGIN + BODY.replace(b"\n", b" \n") + END, False),
        (BEGIN + b"\n" + BODY + END, False),
        (BEGIN + BODY.replace(b"A", b"*", 1) + END, False),
        (PEM.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"), False),
        (PEM.replace(b" CERTIFICATE", b" X509 CERTIFICATE"), False),
        (PEM + PEM.replace(b" CERTIFICATE", b" X509 CRL"), False),
        (PEM + PEM.replace(b" CERTIFICATE", b" PRIVATE KEY"), False),
    ],
)
def test_what_is_understood_of_a_file_is_what_openssl_loads(text: bytes, understood: bool, tmp_path: Path) -> None:
    found = certificates.read(text)
    assert (found is not None) == understood
    if found is not None:
        assert loaded(text, tmp_path) == len({pem for _, pem in found})


@given(data=st.data())
@settings(max_examples=500, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damaged_certificate_is_understood_that_openssl_refuses(data: st.DataObject, tmp_path: Path) -> None:
    der = bytearray(ROOT.certificate.public_bytes(Encoding.DER))
    for _ in range(data.draw(st.integers(1, 2))):
        at = data.draw(st.integers(0, len(der) - 1))
        deed = data.draw(st.sampled_from(["change", "change", "change", "drop", "add"]))
        if deed == "drop":
            del der[at]
        elif deed == "add":
            der.insert(at, data.draw(st.integers(0, 255)))
        else:
            der[at] = data.draw(st.integers(0, 255) | st.sampled_from([0, 0x7F, 0x80, 0x81, 0x82, 0xFF, der[at] ^ 1]))
    pem = ssl.DER_cert_to_PEM_cert(bytes(der)).encode()
    if certificates.read(pem) is not None:
        assert loaded(pem, tmp_path) == 1


def test_every_byte_that_gives_structure_counts(tmp_path: Path) -> None:
    """Each byte of the certificate changed in a few ways: far more than chance would find."""
    der = ROOT.certificate.public_bytes(Encoding.DER)
    understood = 0
    for at in range(len(der)):
        for change in (0x01, 0x80, 0xFF):
            damaged = der[:at] + bytes([der[at] ^ change]) + der[at + 1 :]
            pem = ssl.DER_cert_to_PEM_cert(damaged).encode()
            if certificates.read(pem) is not None:
                understood += 1
                assert loaded(pem, tmp_path) == 1, (at, change)
    # The key, the signature and the values of extensions are not looked into when a CA file is loaded.
    assert understood > len(der)


def test_what_is_remembered_of_names_stays_bounded() -> None:
    for number in range(3):
        subject_name._canonical.update({b"%d" % key: b"" for key in range(subject_name._MAX_CANONICAL)})
        assert certificates.read(make(name(f"Company {number}")).pem.encode()) is not None
        assert len(subject_name._canonical) <= subject_name._MAX_CANONICAL
