'use strict';

// Invocations of a Node function that puts items into DynamoDB, as benchmarks/dynamodb.py times them:
// node puts.cjs WAY PUTS URL. The ways "kept" are an expert's.

const https = require('node:https');
const { answer } = require('./answer.cjs');

const [, , way, puts, url] = process.argv;
const settings = { endpoint: url, region: 'us-east-1', credentials: { accessKeyId: 'id', secretAccessKey: 'key' } };

function sdk3Client(requestHandler = {}) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  return new DynamoDBClient({ ...settings, requestHandler });
}

function put3(client) {
  const { PutItemCommand } = require('@aws-sdk/client-dynamodb');
  return client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: '1' }, text: { S: 'text' } } }));
}

function sdk2Client(httpOptions) {
  const { DynamoDB } = require('aws-sdk');
  return new DynamoDB({ ...settings, httpOptions });
}

function put2(client) {
  return client.putItem({ TableName: 'items', Item: { id: { S: '1' }, text: { S: 'text' } } }).promise();
}

async function repeatedly(put) {
  for (let each = 0; each < Number(puts); each += 1) await put();
}

/** By way, what makes an invocation; the outer function is the code outside of the handler. */
const HANDLERS = {
  'SDK 2': () => {
    const client = sdk2Client({}); // Its agent does not keep connections.
    return () => repeatedly(() => put2(client));
  },
  'SDK 2 kept': () => {
    const client = sdk2Client({ agent: new https.Agent({ keepAlive: true }) });
    return () => repeatedly(() => put2(client));
  },
  'SDK 3 client per invocation': () => async () => {
    const client = sdk3Client();
    await repeatedly(() => put3(client));
    client.destroy();
  },
  'SDK 3 client per put': () => () => repeatedly(async () => {
    const client = sdk3Client();
    await put3(client);
    client.destroy();
  }),
  // Not destroyed, for that would be the agent's end, too.
  'SDK 3 client per invocation, agent kept': () => {
    const httpsAgent = new https.Agent({ keepAlive: true });
    return () => {
      const client = sdk3Client({ httpsAgent });
      return repeatedly(() => put3(client));
    };
  },
  'SDK 3 client per put, agent kept': () => {
    const httpsAgent = new https.Agent({ keepAlive: true });
    return () => repeatedly(() => put3(sdk3Client({ httpsAgent })));
  },
  'SDK 3 kept': () => {
    const client = sdk3Client();
    return () => repeatedly(() => put3(client));
  },
};

answer(HANDLERS[way]());
