'use strict';

// Calls of a Node function to a service behind a load balancer: node sticky_calls.cjs WAY URL. An expert keeps the agent
// and the load balancer's cookies.

const https = require('node:https');
const { answer } = require('./answer.cjs');

const [, , way, url] = process.argv;
const lasting = new https.Agent({ keepAlive: true });
let cookies = [];

function get(options) {
  return new Promise((resolve, reject) => {
    https.get(url, options, (response) => response.resume().on('end', () => resolve(response))).on('error', reject);
  });
}

async function byHand() {
  const headers = cookies.length > 0 ? { cookie: cookies.join('; ') } : {};
  const response = await get({ agent: lasting, headers });
  cookies = response.headers['set-cookie'].map((field) => field.split(';')[0]).filter((pair) => pair.startsWith('AWSALB'));
}

answer(way === 'kept' ? byHand : () => get({ agent: new https.Agent() }));
