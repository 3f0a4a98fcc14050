// A careless function: each `fetch` gets a dispatcher of its own, for its time-out, and throws its connection away.

import { Agent, fetch } from 'undici';

export const handler = async (event) => {
  const url = event.url ?? process.env.TARGET_URL;
  const calls = event.calls ?? 3;
  let status = null;
  for (let call = 0; call < calls; call += 1) {
    const response = await fetch(url, { dispatcher: new Agent({ headersTimeout: 10_000 }) });
    await response.text();
    status = response.status;
  }
  return { status, calls };
};
