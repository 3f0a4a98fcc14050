"""One script over many of boto3's interfaces prints the same with the layer as without."""

from __future__ import annotations

from tests.clients.interpreter import Interpreter
from tests.support.origin import Origin

SCRIPT = """
import boto3, botocore.exceptions, botocore.session, copy, warnings
from boto3.dynamodb.conditions import Key
from botocore.config import Config
from botocore.stub import Stubber

result = []
def note(what, value):
    result.append([what, repr(value).replace(url, "URL")])
def tried(function):
    try:
        return function()
    except Exception as error:
        return f"{type(error).__name__}: {error}"

for _ in range(4):
    for service in ("dynamodb", "s3", "sqs", "sts", "ec2", "lambda"):
        client = boto3.client(service, endpoint_url=url)
        meta = client.meta
        note("meta", [meta.region_name, meta.endpoint_url, meta.partition, sorted(meta.method_to_api_mapping)[:3]])
        note("config", sorted(name for name in vars(meta.config) if not name.startswith("_keepalive")))
        note("retries", meta.config.retries)
        note("class", [type(client).__module__, [base.__name__ for base in type(client).__mro__]])
        note("names", [name for name in dir(client) if not name.startswith("_")][:40])
        note("waiters", client.waiter_names[:3])
        note("exceptions", tried(lambda: sorted(name for name in dir(client.exceptions) if name[0].isupper())[:5]))
        note("no such thing", tried(lambda: client.no_such_thing))
        note("no such paginator", tried(lambda: client.get_paginator("nothing")))
        note("service", [meta.service_model.service_name, meta.service_model.api_version])
        note("doc", str(getattr(client, sorted(meta.method_to_api_mapping)[0]).__doc__)[:80])
    dynamodb = boto3.client("dynamodb", endpoint_url=url)
    note("item", dynamodb.get_item(TableName="items", Key={"id": {"S": "1"}})["Item"])
    note("invalid", tried(lambda: dynamodb.get_item(TableName="items")))
    note("refused", tried(lambda: dynamodb.list_tables()))
    note("pages", tried(lambda: [page for page in dynamodb.get_paginator("list_tables").paginate()]))
    note("modeled", tried(lambda: dynamodb.exceptions.ResourceNotFoundException))
    table = boto3.resource("dynamodb", endpoint_url=url).Table("items")
    note("table", [table.name, table.get_item(Key={"id": "1"})["Item"]])
    note("float", tried(lambda: table.put_item(Item={"id": 1.5})))
    s3 = boto3.client("s3", endpoint_url=url, config=Config(signature_version="s3v4"))
    presigned = s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    note("presigned", sorted(part.split("=")[0] for part in presigned.partition("?")[2].split("&")))
    note("bucket", tried(lambda: boto3.resource("s3", endpoint_url=url).Bucket("b").name))
    session = boto3.Session(region_name="eu-west-1")
    note("session", [session, session.region_name, session.profile_name, session.available_profiles])
    note("services", [len(session.get_available_services()), session.get_available_resources()])
    note("regions", [session.get_available_regions("sqs")[:4], session.get_partition_for_region("cn-north-1")])
    note("components", session._session.get_component("data_loader").search_paths[-1][-10:])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resolver = session._session.get_component("endpoint_resolver")
    note("resolver", [resolver.get_available_partitions(), resolver.construct_endpoint("sqs", "us-east-1")["hostname"]])
    note("unknown service", tried(lambda: session.client("sqss"))[:60])
    note("bad region", tried(lambda: session.client("sqs", region_name="not a region")))
    note("half credentials", tried(lambda: session.client("sqs", aws_access_key_id="id")))
    stubbed = boto3.client("sts")
    with Stubber(stubbed) as stubber:
        stubber.add_response("get_caller_identity", {"Account": "1"})
        stubber.add_client_error("get_caller_identity", "Nope")
        note("stub", [tried(stubbed.get_caller_identity), tried(stubbed.get_caller_identity)])
    note("copy", tried(lambda: copy.copy(client).meta.region_name))
    unsigned = boto3.client("sts", config=Config(signature_version=botocore.UNSIGNED))
    note("unsigned", unsigned.meta.config.signature_version is botocore.UNSIGNED)
"""


def test_the_same_is_seen_with_the_layer_as_without(run: Interpreter, origin: Origin) -> None:
    environ = {"AWS_MAX_ATTEMPTS": "1"}
    with_layer = run(SCRIPT, url=origin.url, environ=environ)
    without = run(SCRIPT, url=origin.url, environ=environ, layer=False)
    for ours, theirs in zip(with_layer, without, strict=True):
        assert ours == theirs
