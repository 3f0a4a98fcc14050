"""The origin's AWS answers satisfy the real botocore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.origin import Origin

boto3 = pytest.importorskip("boto3", reason="the group `clients` is not installed")

CREDENTIALS = {"region_name": "us-east-1", "aws_access_key_id": "id", "aws_secret_access_key": "key"}


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


def test_dynamodb_gets_and_puts_items(origin: Origin) -> None:
    client = boto3.client("dynamodb", endpoint_url=origin.url, **CREDENTIALS)
    key = {"id": {"S": "1"}}
    assert client.get_item(TableName="things", Key=key)["Item"] == key
    client.put_item(TableName="things", Item=key)
    client.close()
    assert (origin.accepted, origin.received) == (1, 2)


def test_sqs_takes_a_message(origin: Origin) -> None:
    client = boto3.client("sqs", endpoint_url=origin.url, **CREDENTIALS)
    answer = client.send_message(QueueUrl=f"{origin.url}/", MessageBody="hello")
    client.close()
    assert answer["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"


def test_an_unknown_operation_is_refused_as_aws_does(origin: Origin) -> None:
    client = boto3.client("dynamodb", endpoint_url=origin.url, **CREDENTIALS)
    with pytest.raises(client.exceptions.ClientError, match="UnknownOperationException"):
        client.list_tables()
    client.close()
