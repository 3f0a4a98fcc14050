# A function with lambda-keepalive in Terraform: terraform apply -var keepalive_layer_arn=arn:aws:lambda:...

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
    archive = {
      source  = "hashicorp/archive"
      version = ">= 2.4"
    }
  }
}

variable "keepalive_layer_arn" {
  type        = string
  description = "ARN of the layer, with its version; for the architecture of the function"
}

data "archive_file" "code" {
  type                    = "zip"
  output_path             = "${path.module}/function.zip"
  source_content_filename = "app.py"
  source_content          = <<-PYTHON
    from urllib.request import urlopen

    def handler(event, context):
        with urlopen("https://example.com/", timeout=5) as response:
            return response.status
  PYTHON
}

resource "aws_iam_role" "function" {
  name_prefix = "keepalive-sample-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.function.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "function" {
  function_name    = "keepalive-sample"
  role             = aws_iam_role.function.arn
  filename         = data.archive_file.code.output_path
  source_code_hash = data.archive_file.code.output_base64sha256
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "app.handler"
  timeout          = 10
  layers           = [var.keepalive_layer_arn]

  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/lambda-keepalive/exec"
    }
  }
}
