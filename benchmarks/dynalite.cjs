'use strict';

// A DynamoDB-compatible server with a table `items`, in memory, over TLS: node dynalite.cjs HOST CERTIFICATE. Prints its
// URL when it is ready and ends with its standard input.

const { readFileSync } = require('node:fs');
const dynalite = require('dynalite');
const { CreateTableCommand, DynamoDBClient, waitUntilTableExists } = require('@aws-sdk/client-dynamodb');

const [, , host, certificate] = process.argv;
const pem = readFileSync(certificate);
const server = dynalite({ ssl: true, key: pem, cert: pem, createTableMs: 0 });

server.listen(0, host, async () => {
  const url = `https://${host}:${server.address().port}`;
  const credentials = { accessKeyId: 'id', secretAccessKey: 'key' };
  const client = new DynamoDBClient({ endpoint: url, region: 'us-east-1', credentials });
  await client.send(new CreateTableCommand({
    TableName: 'items',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  }));
  await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName: 'items' });
  client.destroy();
  console.log(url);
});
process.stdin.resume().on('end', () => process.exit());
