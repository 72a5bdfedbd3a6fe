// What the tests share: Chromium, people in it, and the checks of what a page did behind their backs.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after } from 'node:test';
import { chromium } from 'playwright-core';

/** How long the browser may take for one thing, in milliseconds. */
const LIMIT = 15_000;

/** A name that leads to this machine, as a rebound name of a hostile site would. */
export const REBOUND = 'rebound.example';

const browser = await chromium.launch({
  executablePath: onPath('chromium'),
  args: [
    `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1`,
    // Chromium's own protection of this machine would hide what the server does.
    '--disable-features=LocalNetworkAccessChecks',
  ],
});
after(() => browser.close());

/** A browser of somebody new: a page, and what was seen in it. */
export async function person(t, options = {}) {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  context.setDefaultTimeout(LIMIT);
  const seen = { requests: [], statuses: [], complaints: [] };
  context.on('request', (request) => seen.requests.push(request));
  context.on('response', (response) => {
    const request = response.request();
    seen.statuses.push(`${request.method()} ${new URL(request.url()).pathname} ${response.status()}`);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text());
  });
  context.on('weberror', (error) => seen.complaints.push(`${error.error()}`));
  return { context, page: await context.newPage(), seen };
}

/** Signs in on the sign-in page; what follows is the consent page. */
export async function signIn(page, user = 'alice') {
  await button(page, `Sign in as ${user}`).click();
  await page.getByRole('heading', { level: 1, name: 'Allow access?' }).waitFor();
}

/** A button by the whole of its name. */
export const button = (page, name) => page.getByRole('button', { name, exact: true });

/** The level-1 heading. */
export const title = (page) => page.getByRole('heading', { level: 1 }).textContent();

/** The origins that were asked for anything. */
export const origins = (seen) => [...new Set(seen.requests.map((request) => new URL(request.url()).origin))].sort();

function onPath(program) {
  for (const folder of process.env.PATH.split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // It is in another folder, or in none.
    }
  }
  throw new Error(`${program} is not on the search path`);
}
