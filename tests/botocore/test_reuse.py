"""AWS clients made in the handler open one connection: 12 calls in 4 invocations, by the server's own count.

The origin knows a few operations of JSON services and refuses the rest, which is an answer, too.
"""

from __future__ import annotations

import pytest

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

OPERATIONS = {
    "dynamodb": "get_item(TableName='table', Key={'id': {'S': '1'}})",
    "ec2": "describe_regions()",
    "lambda": "invoke(FunctionName='function')",
    "s3": "put_object(Bucket='bucket', Key='key', Body=b'body')",
    "secretsmanager": "get_secret_value(SecretId='secret')",
    "sqs": "send_message(QueueUrl=url + '/queue', MessageBody='text')",
    "ssm": "get_parameter(Name='name')",
    "sts": "get_caller_identity()",
}
MAKERS = {
    "boto3.client": "boto3.client(service, endpoint_url=url, config=config)",
    "boto3.Session().client": "boto3.Session().client(service, endpoint_url=url, config=config)",
    "botocore's session": "botocore.session.get_session().create_client(service, endpoint_url=url, config=config)",
    "boto3.resource": "boto3.resource(service, endpoint_url=url, config=config).meta.client",
}

LOOP = """
import boto3, botocore.session
from botocore.config import Config
from lambda_keepalive import lifecycle

config = Config(s3={"addressing_style": "path"})
for invocation in range(4):
    lifecycle.starting(str(invocation))
    for _ in range(3):
        client = eval(maker)
        try:
            eval("client." + operation)
        except Exception as error:
            if type(error).__name__ not in ("ClientError", "ResponseParserError"):
                raise
    lifecycle.ending()
"""
# Once is enough: the origin's refusals are no reason to try again.
ENVIRON = {"AWS_MAX_ATTEMPTS": "1"}


WAYS = [
    (maker, service)
    for maker in MAKERS
    for service in OPERATIONS
    if maker != "boto3.resource" or service in ("dynamodb", "ec2", "s3", "sqs")  # boto3 has no others of these
]


@pytest.mark.parametrize(("maker", "service"), WAYS)
def test_twelve_calls_in_four_invocations_open_one_connection(
    run: Interpreter, origin: Origin, maker: str, service: str
) -> None:
    names = {"maker": MAKERS[maker], "service": service, "operation": OPERATIONS[service]}
    run(LOOP, url=origin.url, environ=ENVIRON, **names)
    assert origin.received == 12
    assert origin.accepted == 1
