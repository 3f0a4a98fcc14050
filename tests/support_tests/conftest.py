"""The origin over HTTP and over HTTPS, and a client that opens only the connections a test asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from tests.support.certificates import Authority
from tests.support.origin import Origin
from tests.support_tests.client import connect


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=["http", "https"])
def origin(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Origin]:
    with Origin(tls=authority if request.param == "https" else None) as origin:
        yield origin


@pytest.fixture
def client(origin: Origin, authority: Authority) -> Iterator[HTTPConnection]:
    with closing(connect(origin, authority)) as client:
        yield client


@pytest.fixture
def plain() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin
