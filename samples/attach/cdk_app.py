"""A function with lambda-keepalive in AWS CDK: `cdk deploy --app "python cdk_app.py"`."""

import os

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_

LAYER = os.environ.get("KEEPALIVE_LAYER_ARN", "arn:aws:lambda:eu-central-1:123456789012:layer:lambda-keepalive-arm64:1")

CODE = """
from urllib.request import urlopen

def handler(event, context):
    with urlopen("https://example.com/", timeout=5) as response:
        return response.status
"""

app = App()
stack = Stack(app, "KeepaliveSample")
lambda_.Function(
    stack,
    "Function",
    runtime=lambda_.Runtime.PYTHON_3_13,
    architecture=lambda_.Architecture.ARM_64,
    handler="index.handler",
    code=lambda_.Code.from_inline(CODE),
    timeout=Duration.seconds(10),
    layers=[lambda_.LayerVersion.from_layer_version_arn(stack, "Keepalive", LAYER)],
    environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/lambda-keepalive/exec"},
)
app.synth()
