// A careless function: each call makes an SDK client and destroys it, as if that were tidy.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

export const handler = async (event) => {
  const endpoint = event.url ?? (process.env.TARGET_URL || undefined);
  const calls = event.calls ?? 3;
  let status = null;
  for (let call = 0; call < calls; call += 1) {
    const client = new DynamoDBClient({ endpoint });
    const command = new GetItemCommand({ TableName: process.env.TABLE_NAME, Key: { id: { S: '1' } } });
    status = (await client.send(command)).$metadata.httpStatusCode;
    client.destroy();
  }
  return { status, calls };
};
