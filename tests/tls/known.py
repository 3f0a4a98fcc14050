"""Adds the certificates of CA bundles to `known_certificates.py` in the layer: `python -m tests.tls.known BUNDLE...`

A certificate is added when OpenSSL and our own reader agree on its subject's hash. None is ever removed: bundles of
former years are in use, and an entry says how to file a certificate, not whether to trust it.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[2] / "layer" / "lambda-keepalive" / "python"
TABLE = PYTHON / "lambda_keepalive" / "known_certificates.py"

sys.path.append(str(PYTHON))

from lambda_keepalive import unknown_certificate  # noqa: E402

BEGIN, END = b"-----BEGIN CERTIFICATE-----\n", b"\n-----END CERTIFICATE-----"

HEAD = '''"""Names under which OpenSSL looks for the certificates of public CA bundles: the hashes of their subjects.

Each certificate is known by the SHA-256 of its base64 lines, without the end of the last one, which certifi, botocore
and Debian write alike. Nobody is trusted for being here: the certificates are those of the function's own bundle.
Made by `python -m tests.tls.known` from certifi 2021.10.8 to 2026.10.18, botocore 1.29.40 to 1.44.5 and Debian 12.
"""

AMAZON = frozenset(("ce5e74ef", "6d41d539", "8cb5ee0f", "de6d66f3", "09789157"))
"""Amazon Root CA 1 to 4 and Starfield Services Root CA - G2: AWS's own endpoints are under these (the repository of
Amazon Trust Services)."""

SUBJECT_HASHES = {
'''


def bodies(pem: bytes) -> list[bytes]:
    """The base64 lines of each certificate in a bundle."""
    return [chunk.partition(END)[0] for chunk in pem.split(BEGIN)[1:]]


def digest(body: bytes) -> str:
    """What a certificate is known by."""
    return hashlib.sha256(body).hexdigest()


def entry(body: bytes) -> str:
    """The line of the table for a certificate.

    Raises:
        ValueError, IndexError: our reader does not understand it, or not as OpenSSL does.
    """
    command = ["openssl", "x509", "-noout", "-subject_hash", "-subject", "-nameopt", "RFC2253,utf8,-esc_msb"]
    block = BEGIN + body + END + b"\n"
    output = subprocess.run(command, input=block, capture_output=True, check=True).stdout.decode()
    subject_hash, subject = output.splitlines()
    if unknown_certificate.subject_hash(body) != subject_hash:
        raise ValueError(f"not {subject_hash}: {subject}")
    name = re.split(r"(?<!\\),", subject.removeprefix("subject="))[0]
    return f'    "{digest(body)}": "{subject_hash}",  # {name}'[:120].rstrip()


def main() -> None:
    """Write the table again with what the bundles of the command line have more."""
    parser = argparse.ArgumentParser(description="Add the certificates of CA bundles to the table of known ones.")
    parser.add_argument("bundle", nargs="+", type=Path)
    entries = [line for line in TABLE.read_text().splitlines() if line.startswith('    "')]
    known = {line.split('"')[1] for line in entries}
    found = {digest(body): body for path in parser.parse_args().bundle for body in bodies(path.read_bytes())}
    entries += [entry(body) for name, body in found.items() if name not in known]
    TABLE.write_text(HEAD + "\n".join(sorted(entries)) + "\n}\n")


if __name__ == "__main__":
    main()
