// The pages themselves: for whom they work, what they load, and what of a hostile text is left in them.
import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { faint, focus, missing, overhang } from './audit.mjs';
import { client, server } from './client.mjs';
import { button, origins, person, signIn, title } from './world.mjs';

/** Each page, and how to get there. */
const PAGES = {
  'Sign in': (page, app) => page.goto(app.url()),
  'Allow access?': async (page, app) => {
    await page.goto(app.url({ scope: server.scopes_supported.join(' ') }));
    const isPage = (answer) => answer.url().startsWith(server.authorization_endpoint) && answer.status() === 200;
    const [answer] = await Promise.all([page.waitForResponse(isPage), signIn(page)]);
    return answer;
  },
  'This cannot go on': (page) => page.goto(`${server.authorization_endpoint}?client_id=nobody`),
};

/** Clients that nothing is ever approved for; the second one's name is as long as a name is shown, without a space. */
const [plain, long] = [await client({ after }), await client({ after }, { name: 'W'.repeat(64) })];

suite('pages', () => {
  test('a keyboard is enough, and shows where it is', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    const reaches = async (key, name) => {
      await page.keyboard.press(key);
      assert.deepEqual(await focus(page), { name, isSeen: true });
    };
    const arrives = (name) => page.getByRole('heading', { level: 1, name }).waitFor();
    await page.goto(app.url());
    await reaches('Tab', 'Sign in as alice');
    await reaches('Tab', 'Sign in as bob');
    await reaches('Shift+Tab', 'Sign in as alice');
    await page.keyboard.press('Enter');
    await arrives('Allow access?');
    // Nothing is chosen for anybody: a key that was still on its way does nothing.
    assert.equal((await focus(page)).name, undefined);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Space');
    assert.equal(await title(page), 'Allow access?');
    await reaches('Tab', 'Allow');
    await reaches('Tab', 'Deny');
    await reaches('Tab', 'Use another user');
    await page.keyboard.press('Space');
    await arrives('Sign in');
    await reaches('Tab', 'Sign in as alice');
    await reaches('Tab', 'Sign in as bob');
    await page.keyboard.press('Enter');
    await arrives('Allow access?');
    await reaches('Tab', 'Allow');
    await page.keyboard.press('Space');
    await page.waitForURL(`${app.redirect}?**`);
    assert.ok(app.answers()[0].get('code'));
  });

  for (const [name, open] of Object.entries(PAGES)) {
    test(`"${name}" has what a screen reader goes by`, async (t) => {
      const { page } = await person(t);
      await open(page, plain);
      assert.equal(await title(page), name);
      assert.equal(await page.title(), name);
      assert.deepEqual(await missing(page), []);
    });

    for (const colorScheme of ['light', 'dark']) {
      test(`"${name}" can be read when it is ${colorScheme}`, async (t) => {
        const { page } = await person(t, { colorScheme });
        await open(page, plain);
        const found = await faint(page, 4.5);
        assert.ok(found.looked >= 4, 'too few texts were looked at');
        assert.deepEqual(found.faint, []);
        const [red] = found.paper.match(/\d+/g).map(Number);
        assert.equal(red > 127 ? 'light' : 'dark', colorScheme);
      });
    }

    test(`"${name}" fits when it is zoomed`, async (t) => {
      // 1280 pixels at 200 % and at 400 % (WCAG 2.2, 1.4.10).
      for (const width of [640, 320]) {
        const { page } = await person(t, { viewport: { width, height: 512 }, deviceScaleFactor: 1280 / width });
        await open(page, long);
        assert.equal(await overhang(page), 0, `${width} pixels wide`);
      }
    });

    test(`"${name}" is under a strict policy`, async (t) => {
      const { page, seen } = await person(t);
      const headers = (await open(page, plain)).headers();
      const policy = directives(headers['content-security-policy']);
      assert.match(policy.get('style-src'), /^'sha256-[A-Za-z0-9+/]{43}='$/);
      policy.delete('style-src');
      const forms = name === 'Allow access?' ? `'self' ${new URL(plain.redirect).origin}` : "'self'";
      assert.deepEqual(Object.fromEntries(policy), {
        'default-src': "'none'",
        'form-action': forms,
        'frame-ancestors': "'none'",
        'base-uri': "'none'",
      });
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'same-origin');
      assert.equal(headers['access-control-allow-origin'], undefined);
      // The style is applied: its digest is the one that the policy names.
      assert.notEqual(await page.locator('main').evaluate((main) => getComputedStyle(main).maxWidth), 'none');
      assert.deepEqual(origins(seen), [server.issuer]);
      const isFailure = (text) => !text.includes('the server responded with a status of 400');
      assert.deepEqual(seen.complaints.filter(isFailure), []);

      // Markup that got in would do nothing; and this shows that complaints are seen.
      await page.evaluate((elsewhere) => {
        const script = document.createElement('script');
        script.textContent = 'document.title = "taken over"';
        const image = document.createElement('img');
        image.src = `${elsewhere}/picture`;
        document.body.append(script, image);
      }, new URL(plain.redirect).origin);
      await page.waitForFunction(() => document.images[0].complete);
      assert.equal(await page.title(), name);
      assert.ok(seen.complaints.some((text) => /script/.test(text)) && seen.complaints.some((text) => /image/.test(text)));
      assert.deepEqual(plain.visited().map(String), []);
    });
  }

  test('the whole way asks nothing of anybody but the server and the client', async (t) => {
    const app = await client(t);
    const { page, seen } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    await button(page, 'Allow').click();
    await page.waitForURL(`${app.redirect}?**`);
    assert.deepEqual(origins(seen), [server.issuer, new URL(app.redirect).origin].sort());
    assert.deepEqual(seen.complaints, []);
    // Where the person came from is nobody's business, above all not with a code in it.
    const last = seen.requests.find((request) => request.url().startsWith(app.redirect));
    const headers = await last.allHeaders();
    assert.equal(headers.referer, undefined);
    // The client is on the server's own host, which is all that a cookie is for, but for its path.
    assert.equal(headers.cookie, undefined);
  });

  const names = {
    'markup': ['<img src=x onerror="document.title=1">'],
    'a closed element': ['</strong></dd></dl><form action="http://127.0.0.1:9"><button>A'],
    'an entity': ['&lt;b&gt;'],
    'a direction': ['Notes \u202egpj.tidE\u2066', 'Notes [U+202E]gpj.tidE[U+2066]'],
    'what cannot be seen': ['Out\u200bboard\u00ad\ufeff', 'Out[U+200B]board[U+00AD][U+FEFF]'],
    'lines': ['One\nYou are: admin\u2028', 'One[U+000A]You are: admin[U+2028]'],
    'more than fits': ['n'.repeat(200), `${'n'.repeat(64)}…`],
  };
  for (const [what, [given, shown = given]] of Object.entries(names)) {
    test(`a client's name with ${what} is text`, async (t) => {
      const app = await client(t, { name: given });
      const { page, seen } = await person(t);
      await page.goto(app.url());
      assert.equal(await page.locator('strong').textContent(), shown);
      await signIn(page);
      assert.equal(await page.locator('dd').first().textContent(), shown);
      assert.equal(await page.locator('img, b, script').count(), 0);
      assert.equal(await page.locator('form').count(), 1);
      assert.deepEqual(await page.getByRole('button').allTextContents(), ['Allow', 'Deny', 'Use another user']);
      assert.equal(await page.title(), 'Allow access?');
      assert.deepEqual(origins(seen), [server.issuer]);
      assert.deepEqual(seen.complaints, []);
    });
  }
});

/** The directives of a policy. */
const directives = (policy) =>
  new Map(
    policy.split(';').map((directive) => {
      const [name, ...values] = directive.trim().split(/\s+/);
      return [name, values.join(' ')];
    }),
  );
