// A real authorization server for tests: oidc-provider on a free loopback port, and a control plane on a second one.
//
// The first line of its input is its configuration, one JSON object (settings.mjs). Once it serves, it prints one line:
// {issuer, base, control, endpoints}. It ends when its input ends, so that nothing is left when a test is killed.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import { control } from './control.mjs';
import { Faults } from './faults.mjs';
import { front } from './front.mjs';
import { KeyRing } from './keys.mjs';
import { Memory, buildProvider, endpoints } from './provider.mjs';
import { readSettings } from './settings.mjs';

// The library's notices must not stand where the ready line is looked for.
console.info = console.error;

const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit(0));
input.once('line', (line) =>
  start(JSON.parse(line)).catch((error) => {
    console.error(error);
    process.exit(1);
  }),
);

async function start(config) {
  const server = createServer();
  const base = await listen(server);
  const settings = readSettings(config, base);
  const keys = await KeyRing.generate(['RS256', 'ES256', 'EdDSA']);
  const memory = new Memory();
  const world = { settings, keys, memory, faults: new Faults(), counters: new Map() };
  world.provider = buildProvider(world);
  server.on('request', front(world));
  const plane = createServer(control(world));
  const ready = { issuer: settings.issuer, base, control: await listen(plane), endpoints: endpoints(world.provider, settings) };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}

function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}
