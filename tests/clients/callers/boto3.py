"""`boto3`, a DynamoDB client for each call, that asks for an item by the name of the URL's path.

`auth` is the access key; `headers` are added by an event handler.
"""

import json
import re

import boto3
from botocore.config import Config

# Makes the default session and all that it loads late; two threads that do so at once may both fail.
boto3.client("dynamodb")


def call(
    url,
    *,
    verify=True,
    ca=None,
    certificate=None,
    proxy=None,
    socket_options=None,
    headers=None,
    auth=None,
    timeout=10,
):
    config = Config(
        client_cert=certificate,
        proxies={"https": proxy} if proxy else None,
        # The one socket option that botocore sets, SO_KEEPALIVE.
        tcp_keepalive=bool(socket_options) or None,
        connect_timeout=timeout,
        read_timeout=timeout,
        retries={"max_attempts": 0},
    )
    endpoint, item = re.fullmatch("(https?://[^/]+)(.*)", url).groups()
    key, secret = auth or (None, None)
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        verify=(ca or None) if verify else False,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=config,
    )
    if headers:

        def add(request, **kwargs):
            for name, value in headers.items():
                request.headers[name] = value

        client.meta.events.register("before-sign.dynamodb.*", add)
    return json.dumps(client.get_item(TableName="items", Key={"id": {"S": item or "/"}})["Item"])
