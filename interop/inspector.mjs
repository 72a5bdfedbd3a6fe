// The MCP Inspector's command line: every step is a run of its own, as a person would type it.
// Usage: node inspector.mjs URL PLAN ERA CLI, with `legacy` or `modern` and the script of the Inspector.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, openedBy } from './account.mjs';
import { drive } from './steps.mjs';

const [url, text, era, cli] = process.argv.slice(2);
const plan = JSON.parse(text);
const run = promisify(execFile);
// It keeps what it is told, such as tokens, below the home folder.
const home = mkdtempSync(`${cli}.home-`);
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const env = {
  ...process.env,
  HOME: home,
  OPENED: join(home, 'opened'),
  MCP_AUTO_OPEN_ENABLED: 'true',
  MCP_INSPECTOR_SECRET_STORE: 'file',
};
const target = [url];
if (plan.login) {
  // It does not always heed which scopes a 401 names: unless it is told, it asks for all there are.
  const servers = { outboard: { type: 'streamable-http', url, oauth: { scopes: plan.login.scope } } };
  writeFileSync(join(home, 'servers.json'), JSON.stringify({ mcpServers: servers }));
  target.splice(0, 1, '--config', join(home, 'servers.json'), '--server', 'outboard');
}
const signing = ['--callback-url', `http://127.0.0.1:${await freePort()}/oauth/callback`];
if (plan.login?.document) signing.push('--client-metadata-url', plan.login.document);

async function inspect(method, ...more) {
  const fixed = [cli, '--cli', ...target, '--format', 'json', '--quiet', '--protocol-era', era, '--method', method];
  const running = run(process.execPath, [...fixed, ...signing, ...more], { env, timeout: 14_000 });
  // To the question whether to ask for further scopes.
  running.child.stdin.end('y\n');
  const { stdout } = await running.catch((error) => {
    throw new Error(error.stderr || error.message);
  });
  return JSON.parse(stdout).result;
}

await drive(plan, {
  unsupported: {
    progress: 'its command line asks for no progress (`progress: false`)',
    question: 'its command line does not declare elicitation (`elicit: false`)',
  },
  connect: async () => (await inspect('initialize')).protocolVersion,
  tools: async () => (await inspect('tools/list')).tools,
  call: ({ tool, arguments: given }) =>
    inspect('tools/call', '--tool-name', tool, '--tool-args-json', JSON.stringify(given)),
  resources: async () => (await inspect('resources/list')).resources,
  read: (uri) => inspect('resources/read', '--uri', uri),
  prompts: async () => (await inspect('prompts/list')).prompts,
  prompt: (name) => inspect('prompts/get', '--prompt-name', name),
  opened: () => openedBy(env.OPENED),
  close: async () => {},
});
