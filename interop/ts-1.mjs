// The official TypeScript SDK, first generation. Usage: node ts-1.mjs URL PLAN.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Account } from './account.mjs';
import { countingFetch, drive, pages } from './steps.mjs';

const [url, text] = process.argv.slice(2);
const plan = JSON.parse(text);
const fetch = countingFetch();
// With a refresh token, this SDK answers a 403 with a refresh, which brings no further scope.
const authProvider = plan.login && new Account(plan.login.document, { refresh: false });
const connection = () => new StreamableHTTPClientTransport(new URL(url), { fetch, authProvider });
let transport = connection();
const client = new Client({ name: 'outboard-interop', version: '0.1.0' }, { capabilities: { elicitation: {} } });
let answer;
client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: answer }));

/** Does it once more when a person had to sign in for it. */
async function signedIn(run, again = run) {
  try {
    return await run();
  } catch (error) {
    if (!authProvider || !(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(authProvider.callback().get('code'));
    return again();
  }
}

await drive(plan, {
  connect: async () => {
    const connect = () => client.connect(transport);
    await signedIn(connect, () => {
      transport = connection();
      return connect();
    });
    return transport.protocolVersion;
  },
  tools: () => pages((page) => client.listTools(page), 'tools'),
  call: ({ tool, arguments: given }, onprogress) =>
    signedIn(() => client.callTool({ name: tool, arguments: given }, undefined, { onprogress })),
  resources: () => pages((page) => client.listResources(page), 'resources'),
  read: (uri) => client.readResource({ uri }),
  prompts: () => pages((page) => client.listPrompts(page), 'prompts'),
  prompt: (name) => client.getPrompt({ name }),
  answer: (content) => { answer = content; },
  opened: () => authProvider.opened,
  resumptions: () => fetch.resumptions,
  close: async () => {
    await transport.terminateSession();
    await client.close();
  },
});
