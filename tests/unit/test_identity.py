from __future__ import annotations

import os
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from lambda_keepalive import identity
from lambda_keepalive.identity import FACTS, freeze


def test_a_file_is_its_name_inode_time_and_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert identity.of_file(path) == identity.of_file(str(path)) == (str(path), None)
    path.write_text("one")
    first = identity.of_file(path)
    assert identity.of_file(path) == first
    os.utime(path, ns=(0, 1))
    assert identity.of_file(path) != first
    second = identity.of_file(path)
    path.write_text("longer")
    os.utime(path, ns=(0, 1))
    assert identity.of_file(path) != second
    third = identity.of_file(path)
    other = tmp_path / "other"
    other.write_text("longer")
    os.utime(other, ns=(0, 1))
    other.replace(path)
    assert identity.of_file(path) != third


@pytest.mark.parametrize("path", ["", "a\0b", "/nowhere", b"/nowhere"])
def test_a_path_that_leads_nowhere_has_an_identity_too(path: str | bytes) -> None:
    assert identity.of_file(path) == (path, None)


@pytest.mark.parametrize(
    ("value", "image"),
    [
        (None, None),
        ("text", "text"),
        ({"a": "1", "b": ["2", {"c": 3}]}, (("a", "1"), ("b", ("2", (("c", 3),))))),
        ([(1, 2, b"x")], ((1, 2, b"x"),)),
        (bytearray(b"x"), b"x"),
    ],
)
def test_plain_data_freezes_to_an_equal_image(value: object, image: object) -> None:
    assert freeze(value) == image
    hash(freeze(value))


def test_what_cannot_be_imaged_equals_itself_alone() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    first, second = Unhashable(), Unhashable()
    assert freeze(first) == freeze(first)
    assert freeze(first) != freeze(second)
    assert hash(freeze(first)) == hash(freeze(first))


def known(**changes: Any) -> ssl.SSLContext:
    """A context as the patch of `ssl` leaves it, with nothing loaded."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    setattr(context, FACTS, ())
    for name, value in changes.items():
        setattr(context, name, value)
    return context


def test_equal_contexts_have_equal_identities() -> None:
    assert identity.of_context(known()) == identity.of_context(known())
    hash(identity.of_context(known()))


@pytest.mark.parametrize(
    "changes",
    [
        {"check_hostname": False},
        {"minimum_version": ssl.TLSVersion.TLSv1_3},
        {"maximum_version": ssl.TLSVersion.TLSv1_2},
        {"options": ssl.OP_NO_TICKET},
        {"verify_flags": ssl.VERIFY_CRL_CHECK_LEAF},
        {"post_handshake_auth": True},
        {FACTS: (("ca", "file"),)},
        {"_msg_callback": lambda *arguments: None},
        {"hostname_checks_common_name": False},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_contexts_that_differ_in_anything_differ(changes: dict[str, Any]) -> None:
    assert identity.of_context(known(**changes)) != identity.of_context(known())


def test_a_context_that_is_not_known_whole_is_itself_alone() -> None:
    class Own(ssl.SSLContext):
        pass

    unseen = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # A suite that patches ssl would have marked it.
    vars(unseen).pop(FACTS, None)
    own = Own(ssl.PROTOCOL_TLS_CLIENT)
    setattr(own, FACTS, ())
    for context in (unseen, own, known(of_the_user=1), known(**{FACTS: None})):
        assert identity.of_context(context) is context


def test_a_fact_that_each_connect_repeats_can_be_ignored() -> None:
    fact = ("ca", "file")
    assert identity.of_context(known(**{FACTS: (fact,)}), ignoring=(fact,)) == identity.of_context(
        known(), ignoring=(fact,)
    )
    assert identity.of_context(None) is None


@pytest.mark.parametrize("name", ["socket", "create_connection", "getaddrinfo"])
def test_a_function_that_somebody_replaced_changes_every_identity(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = identity.functions_in_force()
    assert identity.functions_in_force() == before
    monkeypatch.setattr(socket, name, lambda *arguments: None)
    assert identity.functions_in_force() != before


def test_default_trust_follows_environment_and_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = identity.of_default_trust()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "bundle.pem"))
    second = identity.of_default_trust()
    assert second != first
    (tmp_path / "bundle.pem").write_text("x")
    assert identity.of_default_trust() != second
