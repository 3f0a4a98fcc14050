'use strict';

/**
 * Every client of Node's as the function uses it: an object that is kept, made for each call and closed, or left behind.
 *
 * `ask(method, url)` resolves with the body as text and tries nothing twice; GET and POST only. Each class loads its
 * client when it is made.
 */

// Long for a server on loopback, even on a busy machine: whoever runs into it has waited for nothing.
const TIMEOUT_MS = 20_000;

/** The body of a POST; servers go by the path. */
const BODY = 'once';

/** `http` and `https` with agents that keep their connections. */
class Http {
  constructor() {
    this.agents = this.makeAgents();
  }

  makeAgents() {
    const options = { keepAlive: true, timeout: TIMEOUT_MS };
    return {
      'http:': new (require('node:http').Agent)(options),
      'https:': new (require('node:https').Agent)(options),
    };
  }

  ask(method, url) {
    const { protocol } = new URL(url);
    const { request } = require(protocol === 'https:' ? 'node:https' : 'node:http');
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent: this.agents[protocol] }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
        response.on('end', () => resolve(text)).on('error', reject);
      });
      sent.on('error', reject).end(method === 'POST' ? BODY : undefined);
    });
  }

  close() {
    for (const agent of Object.values(this.agents)) agent.destroy();
  }
}

/** The same with `agentkeepalive`, what people install against stale connections. */
class AgentKeepAlive extends Http {
  makeAgents() {
    const { HttpAgent, HttpsAgent } = require('agentkeepalive');
    return { 'http:': new HttpAgent(), 'https:': new HttpsAgent() };
  }
}

/** The global `fetch`, which keeps what it has by itself. */
class Fetch {
  async ask(method, url) {
    return (await fetch(url, { method, body: method === 'POST' ? BODY : undefined })).text();
  }

  close() {}
}

/** undici's `request` with an `Agent` of its own. */
class Undici {
  constructor() {
    this.undici = require('undici-7');
    this.dispatcher = new this.undici.Agent();
  }

  async ask(method, url) {
    const body = method === 'POST' ? BODY : undefined;
    const answer = await this.undici.request(url, { method, body, dispatcher: this.dispatcher });
    return answer.body.text();
  }

  close() {
    return this.dispatcher.close();
  }
}

/** The request handler of a client of AWS SDK v3, a client for each server. What the SDK tries again it does above that. */
class AwsSdk {
  clients = new Map();

  client(endpoint) {
    const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
    if (!this.clients.has(endpoint)) this.clients.set(endpoint, new DynamoDBClient({ endpoint, region: 'us-east-1' }));
    return this.clients.get(endpoint);
  }

  async ask(method, url) {
    const { protocol, hostname, port, pathname: path, origin } = new URL(url);
    const body = method === 'POST' ? BODY : undefined;
    const asked = { method, protocol, hostname, port: Number(port), path, headers: {}, query: {}, body };
    const { response } = await this.client(origin).config.requestHandler.handle(asked);
    return (await response.body.toArray()).join('');
  }

  close() {
    for (const client of this.clients.values()) client.destroy();
  }
}

module.exports = { http: Http, agentkeepalive: AgentKeepAlive, fetch: Fetch, undici: Undici, 'aws-sdk': AwsSdk };
