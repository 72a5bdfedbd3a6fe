// Stands in for a browser, for clients that open one: goes to the URL and on to the client's own listener.
// Usage: node browser.mjs URL. The file that $OPENED names gets the URL.
import { appendFileSync } from 'node:fs';

/** How long the client's listener may take: one client starts it after it has opened the browser. In milliseconds. */
const LIMIT = 10_000;

const [url] = process.argv.slice(2);
appendFileSync(process.env.OPENED, `${url}\n`);
const answer = await fetch(url, { redirect: 'manual' });
const back = answer.headers.get('location');
const late = Date.now() + LIMIT;
while (back && !(await arrives(back)) && Date.now() < late) await new Promise((done) => setTimeout(done, 50));

async function arrives(location) {
  try {
    await (await fetch(location)).text();
    return true;
  } catch {
    return false;
  }
}
