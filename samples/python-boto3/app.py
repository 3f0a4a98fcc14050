"""A careless function: it makes a new client for each item that it reads."""

import os

import boto3


def read_item(url, key):
    client = boto3.client("dynamodb", endpoint_url=url)
    return client.get_item(TableName=os.environ["TABLE_NAME"], Key={"id": {"S": key}})


def handler(event, context):
    url = event.get("url") or os.environ.get("TARGET_URL")  # without either, DynamoDB itself
    calls = event.get("calls", 3)
    status = None
    for _ in range(calls):
        answer = read_item(url, "1")
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return {"status": status, "calls": calls}
