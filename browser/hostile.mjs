// A hostile page on another port of this machine, and one behind a rebound name, against a person who is signed in.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { MCP, call, client, post, server } from './client.mjs';
import { site } from './site.mjs';
import { REBOUND, button, person, signIn } from './world.mjs';

/** To browsers 127.0.0.1 is the server's own site, whatever the port: cookies go along. `localhost` is another site. */
const HOSTS = ['127.0.0.1', 'localhost'];

const FORM = 'application/x-www-form-urlencoded';

/** How a page loads something without showing it. */
const loads = {
  pictures: (urls) => urls.map((url) => `<img src="${attribute(url)}">`).join(''),
  scripts: (urls) => urls.map((url) => `<script async src="${attribute(url)}"></script>`).join(''),
  links: (urls) => urls.map((url) => `<link rel="prefetch" href="${attribute(url)}">`).join(''),
};

suite('hostile', () => {
  for (const host of HOSTS) {
    for (const element of ['iframe', 'embed', 'object']) {
      test(`a page at ${host} cannot frame the consent page by ${element}`, async (t) => {
        const app = await client(t);
        const { page, seen } = await person(t);
        await signedIn(page, app);
        seen.statuses.length = 0;
        const hostile = await framing(t, element, app.url());
        const answered = page.waitForResponse((answer) => answer.url() === app.url());
        await page.goto(hostile.at(host));
        await answered;
        await nothingIsFramed(page);
        assert.deepEqual(ofFlow(seen), ['GET /authorize 403']);
        assert.deepEqual(app.answers(), []);
      });

      test(`a browser at ${host} that does not say it is for ${element} shows no consent page there`, async (t) => {
        const app = await client(t);
        const { page, seen } = await person(t);
        await signedIn(page, app);
        seen.statuses.length = 0;
        // Fetched by hand, so without Fetch Metadata; the browser then goes by the policy of the page that came.
        await page.route(app.url(), async (route) => route.fulfill({ response: await route.fetch() }));
        const hostile = await framing(t, element, app.url());
        const blocked = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
        await page.goto(hostile.at(host));
        await blocked;
        await nothingIsFramed(page);
        assert.deepEqual(ofFlow(seen), ['GET /authorize 200']);
        assert.deepEqual(app.answers(), []);
      });
    }

    test(`a page at ${host} that opens the consent page cannot look into it`, async (t) => {
      const app = await client(t);
      const { context, page } = await person(t);
      await signedIn(page, app);
      await page.goto((await site(t, () => '<!doctype html>')).at(host));
      const opened = context.waitForEvent('page');
      await page.evaluate((url) => void (window.other = window.open(url)), app.url());
      const popup = await opened;
      await popup.getByRole('heading', { level: 1, name: 'Allow access?' }).waitFor();
      const looked = await page.evaluate(() => {
        const { other } = window;
        const looks = [() => other.document.forms[0].csrf.value, () => other.location.href, () => other.find('alice')];
        return looks.map((look) => {
          try {
            return look();
          } catch (error) {
            return error.name;
          }
        });
      });
      assert.deepEqual(looked, ['SecurityError', 'SecurityError', 'SecurityError']);
    });

    for (const [how, html] of Object.entries(loads)) {
      test(`a page at ${host} that loads it by ${how} does not push out what waits for its person`, async (t) => {
        const app = await client(t);
        const { context, page, seen } = await person(t);
        await signedIn(page, app);
        seen.statuses.length = 0;
        const tab = await context.newPage();
        // More than wait in one session.
        const urls = Array.from({ length: 20 }, (_, number) => app.url({ state: `${number}` }));
        const hostile = await site(t, () => `<!doctype html>${html(urls)}`);
        const answers = urls.map((url) => context.waitForEvent('response', (answer) => answer.url() === url));
        await tab.goto(hostile.at(host));
        await Promise.all(answers);
        assert.deepEqual(ofFlow(seen), urls.map(() => 'GET /authorize 403'));
        await button(page, 'Allow').click();
        await page.waitForURL(`${app.redirect}?**`);
        assert.deepEqual(app.answers().map((answer) => [answer.has('code'), answer.get('state')]), [[true, app.state]]);
      });
    }

    test(`a page at ${host} has no effect by fetch, and reads nothing`, async (t) => {
      const app = await client(t);
      const { page, seen } = await person(t);
      const { code, token } = await granted(page, app);
      await page.goto((await site(t, () => '<!doctype html>')).at(host));
      seen.statuses.length = 0;
      const metadata = JSON.stringify({ redirect_uris: ['http://127.0.0.1/'], token_endpoint_auth_method: 'none' });
      const grant = `${new URLSearchParams(app.grant(code))}`;
      const form = (path, body) => ({ url: `${server.issuer}${path}`, method: 'POST', type: FORM, body });
      const attempts = [
        { url: server.registration_endpoint, method: 'POST', type: 'application/json', body: metadata },
        { url: server.registration_endpoint, method: 'POST', type: 'text/plain', body: metadata },
        { url: server.registration_endpoint, method: 'POST', type: FORM, body: metadata },
        { url: server.registration_endpoint, method: 'GET' },
        { url: server.token_endpoint, method: 'POST', type: FORM, body: grant },
        { url: server.token_endpoint, method: 'POST', type: 'text/plain', body: grant },
        { url: server.introspection_endpoint, method: 'POST', type: FORM, body: `token=${token}` },
        { url: server.revocation_endpoint, method: 'POST', type: FORM, body: `token=${token}&client_id=${app.id}` },
        { url: app.url(), method: 'GET' },
        { url: server.authorization_endpoint, method: 'POST', type: FORM, body: new URL(app.url()).search.slice(1) },
        form('/authorize/sign-in', 'user=bob'),
        form('/authorize/consent', 'decision=approve'),
        { url: MCP, method: 'POST', type: 'application/json', body: '{}' },
        { url: MCP, method: 'POST', type: 'text/plain', body: '{}' },
      ];
      for (const attempt of attempts) {
        const what = `${attempt.method} ${attempt.url} as ${attempt.type}`;
        assert.equal(await page.evaluate(fetched, { ...attempt, mode: 'cors' }), 'TypeError', what);
        assert.equal(await page.evaluate(fetched, { ...attempt, mode: 'no-cors' }), 'opaque', what);
      }
      assert.deepEqual(seen.statuses.filter((status) => !/ 4\d\d$/.test(status)), []);
      assert.ok(seen.statuses.filter((status) => status.endsWith(' 403')).length >= 8, `${seen.statuses}`);

      // The token was not revoked, the code not used up.
      assert.equal((await call(token, 'echo', { message: 'still here' })).status, 200);
      assert.ok(await app.redeem(code));
    });
  }

  test('registrations of hostile pages do not even count', async (t) => {
    const { page } = await person(t);
    await page.goto((await site(t, () => '<!doctype html>')).at());
    const body = JSON.stringify({ redirect_uris: ['http://127.0.0.1/'], token_endpoint_auth_method: 'none' });
    const attempt = { url: server.registration_endpoint, method: 'POST', type: 'text/plain', body, mode: 'no-cors' };
    // More than the server takes in a minute.
    for (let count = 0; count < 100; count += 1) assert.equal(await page.evaluate(fetched, attempt), 'opaque');
    assert.equal((await post(server.registration_endpoint, JSON.parse(body))).status, 201);
  });

  test('what is public can be read from any page: clients in browsers need it', async (t) => {
    const { page } = await person(t);
    await page.goto((await site(t, () => '<!doctype html>')).at('localhost'));
    const well = (name) => `${server.issuer}/.well-known/${name}`;
    for (const url of [well('oauth-authorization-server'), well('oauth-protected-resource/mcp'), server.jwks_uri]) {
      const attempt = { url, method: 'GET', mode: 'cors', credentials: 'omit' };
      assert.equal(await page.evaluate(fetched, attempt), '200', url);
    }
  });

  const forms = {
    'as it is': (form) => form,
    'without a referrer': (form) => `<meta name="referrer" content="no-referrer">${form}`,
    'out of a sandbox': (form) =>
      `<iframe sandbox="allow-forms allow-scripts allow-top-navigation" srcdoc="${attribute(form)}"></iframe>`,
  };
  for (const host of HOSTS) {
    for (const [how, wrapped] of Object.entries(forms)) {
      test(`a form of a page at ${host}, ${how}, decides nothing`, async (t) => {
        const app = await client(t);
        const { context, page, seen } = await person(t);
        await signedIn(page, app);
        await page.goto(app.url());
        const id = await page.locator('input[name=request]').inputValue();
        const tab = await context.newPage();
        const attempts = {
          '/authorize/consent': { request: id, decision: 'approve' },
          '/authorize/sign-in': { request: id, user: 'bob' },
          // A form can spell JSON.
          '/register': { '{"redirect_uris":["http://127.0.0.1/"],"x":"': '"}' },
          '/token': { grant_type: 'authorization_code' },
        };
        for (const [path, fields] of Object.entries(attempts)) {
          const html = wrapped(sending(`${server.issuer}${path}`, fields, path === '/register' ? 'text/plain' : FORM));
          const hostile = await site(t, () => `<!doctype html>${html}`);
          const answered = tab.waitForResponse(`${server.issuer}${path}`);
          await tab.goto(hostile.at(host)).catch(() => {
            // The form was sent before the page was there.
          });
          assert.equal((await answered).status(), 403, path);
        }
        assert.deepEqual(app.answers(), []);
        assert.ok(seen.statuses.includes('POST /authorize/consent 403'));

        // The person's own page is as it was.
        await button(page, 'Allow').click();
        await page.waitForURL(`${app.redirect}?**`);
        assert.ok(app.answers()[0].get('code'));
      });
    }
  }

  test('a rebound name reaches nothing', async (t) => {
    const { page, seen } = await person(t);
    const port = new URL(server.issuer).port;
    const origin = `http://${REBOUND}:${port}`;
    const query = new URL((await client(t)).url()).search;
    await page.goto(`${origin}/authorize${query}`).catch(() => {
      // To a navigation an answer without a page is an error.
    });
    assert.ok(seen.statuses.includes('GET /authorize 403'));
    // The page as it was loaded before its name was made to lead here: its origin is the same.
    await page.route(`${origin}/`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
    await page.goto(`${origin}/`);
    const metadata = '{"redirect_uris":["http://127.0.0.1/"]}';
    const attempts = [
      { url: '/register', method: 'POST', type: 'application/json', body: metadata },
      { url: '/token', method: 'POST', type: FORM, body: 'grant_type=authorization_code' },
      { url: '/mcp', method: 'POST', type: 'application/json', body: '{}' },
      { url: '/authorize', method: 'GET' },
      { url: '/.well-known/oauth-authorization-server', method: 'GET' },
      { url: '/jwks', method: 'GET' },
    ];
    for (const attempt of attempts) {
      const mode = 'same-origin';
      assert.equal(await page.evaluate(fetched, { ...attempt, url: origin + attempt.url, mode }), '403', attempt.url);
    }
  });
});

/** Signs alice in, for whatever comes next; nothing is approved. */
async function signedIn(page, app) {
  await page.goto(app.url());
  await signIn(page);
}

/** A site that frames a page, and one of its own, so that it can be seen that frames work. */
const framing = (t, element, url) =>
  site(t, ({ searchParams }) => {
    if (searchParams.has('inner')) return '<!doctype html><button>Inner</button>';
    const address = element === 'object' ? 'data' : 'src';
    return `<!doctype html><${element} ${address}="${attribute(url)}"></${element}><iframe src="?inner"></iframe>`;
  });

/** No frame has a button of the server. */
async function nothingIsFramed(page) {
  await page.frameLocator('iframe[src="?inner"]').getByRole('button', { name: 'Inner' }).waitFor();
  for (const frame of page.frames()) {
    assert.equal(await frame.getByRole('button', { name: /Allow|Deny|Sign in/ }).count(), 0, frame.url());
  }
}

/** What the pages of the flow answered. */
const ofFlow = (seen) => seen.statuses.filter((status) => / \/authorize\b/.test(status));

/** Approves the client, twice; a token, and a code that nobody has used. */
async function granted(page, app) {
  await signedIn(page, app);
  await button(page, 'Allow').click();
  await page.waitForURL(`${app.redirect}?**`);
  await page.goto(app.url());
  await button(page, 'Allow').click();
  await page.waitForURL(`${app.redirect}?**`);
  const [first, second] = app.answers().map((answer) => answer.get('code'));
  return { token: await app.redeem(first), code: second };
}

/** Runs in a page: what a request of it comes to, with whatever the browser adds. */
const fetched = async ({ url, method, type, body, mode, credentials = 'include' }) => {
  const headers = type ? { 'content-type': type } : {};
  const signal = AbortSignal.timeout(10_000);
  try {
    const answer = await fetch(url, { method, headers, body, mode, credentials, signal });
    return answer.type === 'opaque' ? 'opaque' : `${answer.status}`;
  } catch (error) {
    return error.name;
  }
};

/** A form that sends itself, in the whole window. */
function sending(action, fields, type) {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${attribute(name)}" value="${attribute(value)}">`,
  );
  const form = `<form method="post" target="_top" enctype="${type}" action="${action}">${inputs.join('')}</form>`;
  return `${form}<script>document.forms[0].submit()</script>`;
}

const attribute = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
