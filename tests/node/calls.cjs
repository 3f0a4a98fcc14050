'use strict';

// Careless calls: each makes whatever its library wants made anew for every call, reads the response to its end and
// returns the body as text. `CALLS[name](url)`; the AWS SDKs call DynamoDB's GetItem of the origin.

const http = require('node:http');
const https = require('node:https');

/** A GET by node:http or node:https with these options. */
function get(url, options) {
  return new Promise((resolve, reject) => {
    const client = url.startsWith('https:') ? https : http;
    const request = client.get(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

function agent(url, options) {
  return new (url.startsWith('https:') ? https : http).Agent(options);
}

const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
const item = { TableName: 'items', Key: { id: { S: '1' } } };

async function undiciFetch(undici, url) {
  return (await undici.fetch(url, { dispatcher: new undici.Agent() })).text();
}

async function undiciRequest(undici, url) {
  const { body } = await undici.request(url, { dispatcher: new undici.Agent() });
  return body.text();
}

function sdk3(url) {
  const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
  return new DynamoDBClient({ endpoint: url, region: 'us-east-1', credentials });
}

async function getItem(client) {
  const { GetItemCommand } = require('@aws-sdk/client-dynamodb');
  return JSON.stringify((await client.send(new GetItemCommand(item))).Item);
}

const CALLS = {
  'http, default agent': (url) => get(url, {}),
  'http, agent: false': (url) => get(url, { agent: false }),
  'http, agent per call': (url) => get(url, { agent: agent(url) }),
  'http, keep-alive agent per call': (url) => get(url, { agent: agent(url, { keepAlive: true }) }),
  'http, agent destroyed': async (url) => {
    const own = agent(url, { keepAlive: true });
    const text = await get(url, { agent: own });
    own.destroy();
    return text;
  },
  'http, headers as an array': (url) => get(url, { agent: agent(url), headers: ['Host', new URL(url).host, 'X-A', '1'] }),
  fetch: async (url) => (await fetch(url)).text(),
  'undici 6': (url) => undiciRequest(require('undici-6'), url),
  'undici 7': (url) => undiciRequest(require('undici-7'), url),
  'undici 8': (url) => undiciRequest(require('undici-8'), url),
  'fetch of undici 7': (url) => undiciFetch(require('undici-7'), url),
  'fetch, dispatcher per call': async (url) => {
    const { Agent } = require('undici-6'); // what a dispatcher for the global fetch of Node 20 and 22 must be
    return (await fetch(url, { dispatcher: new Agent() })).text();
  },
  axios: async (url) => JSON.stringify((await require('axios').get(url)).data),
  'axios, agent per call': async (url) => {
    const options = { httpAgent: new http.Agent(), httpsAgent: new https.Agent() };
    return JSON.stringify((await require('axios').create(options).get(url)).data);
  },
  got: async (url) => (await import('got')).default(url).text(),
  'got, agent per call': async (url) => {
    const { got } = await import('got');
    return got(url, { agent: { http: new http.Agent(), https: new https.Agent() } }).text();
  },
  'node-fetch 2': async (url) => (await require('node-fetch-2')(url)).text(),
  'node-fetch 2.6': async (url) => (await require('node-fetch-2.6')(url)).text(),
  'node-fetch 3': async (url) => (await (await import('node-fetch-3')).default(url)).text(),
  'node-fetch 3.2': async (url) => (await (await import('node-fetch-3.2')).default(url)).text(),
  'node-fetch, agent per call': async (url) => (await require('node-fetch-2')(url, { agent: agent(url) })).text(),
  superagent: async (url) => JSON.stringify((await require('superagent').get(url)).body),
  needle: async (url) => JSON.stringify((await require('needle')('get', url)).body),
  'aws-sdk 2': async (url) => {
    require('aws-sdk/lib/maintenance_mode_message').suppress = true;
    const AWS = require('aws-sdk');
    const client = new AWS.DynamoDB({ endpoint: url, region: 'us-east-1', credentials, httpOptions: { agent: agent(url) } });
    return JSON.stringify((await client.getItem(item).promise()).Item);
  },
  'aws-sdk 3': (url) => getItem(sdk3(url)),
  'aws-sdk 3, client destroyed': async (url) => {
    const client = sdk3(url);
    const text = await getItem(client);
    client.destroy();
    return text;
  },
};

/** What a function that makes these calls requires at its top. */
const LOAD = {
  'undici 6': () => require('undici-6'),
  'undici 7': () => require('undici-7'),
  'undici 8': () => require('undici-8'),
  'fetch of undici 7': () => require('undici-7'),
  'fetch, dispatcher per call': () => require('undici-6'),
};

/** Require what a function would, when it is loaded; returns the call. */
function prepare(name) {
  LOAD[name]?.();
  return CALLS[name];
}

module.exports = { CALLS, prepare };
