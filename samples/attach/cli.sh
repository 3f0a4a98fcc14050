#!/usr/bin/env bash
# Publishes the layer for one architecture and attaches it to an existing function, with the AWS CLI alone:
#   bash samples/attach/cli.sh my-function arm64
set -euo pipefail

function=$1
architecture=${2:-x86_64}

layer=$(aws lambda publish-layer-version \
    --layer-name "lambda-keepalive-$architecture" \
    --description "Reuses HTTP connections across calls and invocations" \
    --license-info Apache-2.0 \
    --compatible-architectures "$architecture" \
    --zip-file "fileb://dist/lambda-keepalive-$architecture.zip" \
    --query LayerVersionArn --output text)
echo "published $layer"

# The list of layers and the variables are replaced as a whole, so those that are there already are kept by hand.
layers=$(aws lambda get-function-configuration --function-name "$function" \
    --query "Layers[?!contains(Arn, ':layer:lambda-keepalive')].Arn" --output text)
variables=$(aws lambda get-function-configuration --function-name "$function" \
    --query "Environment.Variables" --output json)
merged=$(python3 -c '
import json, sys
variables = json.loads(sys.argv[1]) or {}
variables["AWS_LAMBDA_EXEC_WRAPPER"] = "/opt/lambda-keepalive/exec"
print(json.dumps({"Variables": variables}))' "$variables")

# shellcheck disable=SC2086 # each ARN is a word of its own
aws lambda update-function-configuration --function-name "$function" \
    --layers ${layers/None/} "$layer" --environment "$merged" --query LastUpdateStatus --output text
