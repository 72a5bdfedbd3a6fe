// The official TypeScript SDK, first generation. Usage: node ts-1.mjs URL PLAN.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { countingFetch, drive, pages } from './steps.mjs';

const [url, plan] = process.argv.slice(2);
const fetch = countingFetch();
const transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
const client = new Client({ name: 'outboard-interop', version: '0.1.0' }, { capabilities: { elicitation: {} } });
let answer;
client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: answer }));

await drive(JSON.parse(plan), {
  connect: async () => {
    await client.connect(transport);
    return transport.protocolVersion;
  },
  tools: () => pages((page) => client.listTools(page), 'tools'),
  call: ({ tool, arguments: given }, onprogress) =>
    client.callTool({ name: tool, arguments: given }, undefined, { onprogress }),
  resources: () => pages((page) => client.listResources(page), 'resources'),
  read: (uri) => client.readResource({ uri }),
  prompts: () => pages((page) => client.listPrompts(page), 'prompts'),
  prompt: (name) => client.getPrompt({ name }),
  answer: (content) => { answer = content; },
  resumptions: () => fetch.resumptions,
  close: async () => {
    await transport.terminateSession();
    await client.close();
  },
});
