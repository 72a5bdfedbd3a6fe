// The MCP Inspector's command line: every step is a run of its own, as a person would type it.
// Usage: node inspector.mjs URL PLAN ERA CLI, with `legacy` or `modern` and the script of the Inspector.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { drive } from './steps.mjs';

const [url, plan, era, cli] = process.argv.slice(2);
const run = promisify(execFile);
// It keeps what it is told, such as tokens, below the home folder.
const env = { ...process.env, HOME: `${cli}.home` };

async function inspect(method, ...more) {
  const fixed = [cli, '--cli', url, '--format', 'json', '--quiet', '--protocol-era', era, '--method', method];
  const { stdout } = await run(process.execPath, [...fixed, ...more], { env, timeout: 14_000 }).catch((error) => {
    throw new Error(error.stderr || error.message);
  });
  return JSON.parse(stdout).result;
}

await drive(JSON.parse(plan), {
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
  close: async () => {},
});
