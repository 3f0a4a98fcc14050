'use strict';

// The calls that benchmarks/node.py times: as people write them, and as an expert would.

const https = require('node:https');
const { answer } = require('./answer.cjs');
const { CALLS } = require('./calls.cjs');

const [, , name, way, url] = process.argv;
const lasting = new https.Agent({ keepAlive: true });

function get(agent) {
  return new Promise((resolve, reject) => {
    https.get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

function sdkClient(requestHandler = {}) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
  return new DynamoDBClient({ endpoint: url, region: 'us-east-1', credentials, requestHandler });
}

function put(client) {
  const { PutItemCommand } = require('@aws-sdk/client-dynamodb');
  return client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: '1' } } }));
}

async function putAndDestroy() {
  const own = sdkClient();
  await put(own);
  own.destroy();
}

let client;
const WAYS = {
  'https, agent cached': { careless: () => get(lasting), expert: () => get(lasting) },
  'https, keep-alive agent per call': {
    careless: () => get(new https.Agent({ keepAlive: true })),
    expert: () => get(lasting),
  },
  'https, cached agent without keep-alive': {
    careless: () => get((client ??= new https.Agent())),
    expert: () => get(lasting),
  },
  'https, agent per call': { careless: () => get(new https.Agent()), expert: () => get(lasting) },
  'fetch, dispatcher per call': {
    careless: () => CALLS['fetch, dispatcher per call'](url),
    expert: async () => (await fetch(url)).text(),
  },
  axios: {
    careless: () => CALLS['axios, agent per call'](url),
    expert: () => require('axios').get(url, { httpsAgent: lasting }),
  },
  'AWS SDK 3, client per call': {
    careless: putAndDestroy,
    expert: () => put((client ??= sdkClient())),
  },
  'AWS SDK 3, by hand only the agent kept': {
    careless: putAndDestroy,
    expert: () => put(sdkClient({ httpsAgent: lasting })),
  },
};

answer(WAYS[name][way]);
