// The official TypeScript SDK, second generation. Usage: node ts-2.mjs URL PLAN [MODE [PROXY]].
// MODE is `legacy` (the SDK's default), `auto`, or a revision to insist on. PROXY is the script of mcp-remote: then the client
// speaks stdio to it, and it speaks HTTP to the URL.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Account, freePort, openedBy } from './account.mjs';
import { countingFetch, drive, pages } from './steps.mjs';

const [url, text, mode = 'legacy', proxy] = process.argv.slice(2);
const plan = JSON.parse(text);
const fetch = countingFetch();
// Behind the proxy it is the proxy that signs in, with a browser.
const authProvider = proxy || !plan.login ? undefined : new Account(plan.login.document);
const state = proxy && mkdtempSync(`${proxy}.state-`);
process.on('exit', () => state && rmSync(state, { recursive: true, force: true }));
const env = { ...process.env, MCP_REMOTE_CONFIG_DIR: state, OPENED: join(state ?? '', 'opened') };
const port = proxy && (await freePort());
const document = plan.login?.document ? ['--client-metadata-url', plan.login.document] : [];
const connection = () =>
  proxy
    ? new StdioClientTransport({
        command: process.execPath,
        args: [proxy, url, `${port}`, '--transport', 'http-only', ...document],
        env,
        stderr: 'ignore',
      })
    : new StreamableHTTPClientTransport(new URL(url), { fetch, authProvider });
let transport = connection();
const modes = { legacy: {}, auto: { versionNegotiation: { mode: 'auto' } } };
const client = new Client(
  { name: 'outboard-interop', version: '0.1.0' },
  { capabilities: { elicitation: {} }, ...(modes[mode] ?? { versionNegotiation: { mode: { pin: mode } } }) },
);
let answer;
client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: answer }));

/** Does it once more when a person had to sign in for it. */
async function signedIn(run, again = run) {
  try {
    return await run();
  } catch (error) {
    if (!authProvider || !(error instanceof UnauthorizedError)) throw error;
    await transport.finishAuth(authProvider.callback());
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
    return client.getNegotiatedProtocolVersion();
  },
  tools: () => pages((page) => client.listTools(page), 'tools'),
  call: ({ tool, arguments: given }, onprogress) =>
    signedIn(() => client.callTool({ name: tool, arguments: given }, { onprogress })),
  resources: () => pages((page) => client.listResources(page), 'resources'),
  read: (uri) => client.readResource({ uri }),
  prompts: () => pages((page) => client.listPrompts(page), 'prompts'),
  prompt: (name) => client.getPrompt({ name }),
  answer: (content) => { answer = content; },
  opened: () => authProvider?.opened ?? openedBy(env.OPENED),
  // Behind the proxy it is the proxy that resumes, unseen.
  resumptions: proxy ? undefined : () => fetch.resumptions,
  close: async () => {
    if (transport.sessionId) await transport.terminateSession();
    await client.close();
  },
});
