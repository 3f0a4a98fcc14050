// Runs aws-lambda-ric, which lies beside this file as client.mjs. Version 4 starts itself when it is loaded.

const client = await import('./client.mjs');
if (client.run !== undefined) await client.run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
