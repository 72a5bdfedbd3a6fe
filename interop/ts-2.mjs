// The official TypeScript SDK, second generation. Usage: node ts-2.mjs URL PLAN [MODE [PROXY]].
// MODE is `legacy` (the SDK's default), `auto`, or a revision to insist on. PROXY is the script of mcp-remote: then the client
// speaks stdio to it, and it speaks HTTP to the URL.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { countingFetch, drive, pages } from './steps.mjs';

const [url, plan, mode = 'legacy', proxy] = process.argv.slice(2);
const fetch = countingFetch();
const transport = proxy
  ? new StdioClientTransport({
      command: process.execPath,
      args: [proxy, url, '--transport', 'http-only'],
      env: { ...process.env, MCP_REMOTE_CONFIG_DIR: `${proxy}.state` },
      stderr: 'ignore',
    })
  : new StreamableHTTPClientTransport(new URL(url), { fetch });
const modes = { legacy: {}, auto: { versionNegotiation: { mode: 'auto' } } };
const client = new Client(
  { name: 'outboard-interop', version: '0.1.0' },
  { capabilities: { elicitation: {} }, ...(modes[mode] ?? { versionNegotiation: { mode: { pin: mode } } }) },
);
let answer;
client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: answer }));

await drive(JSON.parse(plan), {
  connect: async () => {
    await client.connect(transport);
    return client.getNegotiatedProtocolVersion();
  },
  tools: () => pages((page) => client.listTools(page), 'tools'),
  call: ({ tool, arguments: given }, onprogress) =>
    client.callTool({ name: tool, arguments: given }, { onprogress }),
  resources: () => pages((page) => client.listResources(page), 'resources'),
  read: (uri) => client.readResource({ uri }),
  prompts: () => pages((page) => client.listPrompts(page), 'prompts'),
  prompt: (name) => client.getPrompt({ name }),
  answer: (content) => { answer = content; },
  // Behind the proxy it is the proxy that resumes, unseen.
  resumptions: proxy ? undefined : () => fetch.resumptions,
  close: async () => {
    if (transport.sessionId) await transport.terminateSession();
    await client.close();
  },
});
