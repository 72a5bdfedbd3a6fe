// From a client's request over sign-in and consent back to the client, and to a call with the token.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { MCP, call, claims, client, server } from './client.mjs';
import { button, person, signIn, title } from './world.mjs';

suite('flow', () => {
  test('who approves is told what, and the token that the client gets is for that', async (t) => {
    const app = await client(t, { name: 'Notes for me' });
    const { page } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    const facts = await page.locator('dd').allTextContents();
    assert.deepEqual(facts, ['Notes for me', new URL(app.redirect).host, MCP, 'alice']);
    assert.deepEqual(await page.getByRole('listitem').allTextContents(), ['notes:read']);
    await button(page, 'Allow').click();
    await page.waitForURL(`${app.redirect}?**`);

    const [answer, ...more] = app.answers();
    assert.deepEqual(more, []);
    assert.deepEqual([...answer.keys()].sort(), ['code', 'iss', 'state']);
    assert.equal(answer.get('iss'), server.issuer);
    assert.equal(answer.get('state'), app.state);
    const token = await app.redeem(answer.get('code'));
    const { sub, aud, scope, client_id: id } = claims(token);
    assert.deepEqual([sub, [aud].flat(), scope, id], ['alice', [MCP], 'notes:read', app.id]);

    const echoed = await call(token, 'echo', { message: 'it is me' });
    assert.equal(echoed.status, 200);
    assert.equal((await echoed.json()).result.content[0].text, 'it is me');
    // It needs a scope that was not asked for.
    assert.equal((await call(token, 'add', { a: 1, b: 2 })).status, 403);
  });

  test('who denies sends the client away with an error', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    await button(page, 'Deny').click();
    await page.waitForURL(`${app.redirect}?**`);
    const [answer] = app.answers();
    assert.equal(answer.get('error'), 'access_denied');
    assert.equal(answer.get('iss'), server.issuer);
    assert.equal(answer.get('state'), app.state);
    assert.equal(answer.get('code'), null);
  });

  test('another user can be chosen, and is who the token is for', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    await page.goto(app.url());
    await signIn(page, 'alice');
    await button(page, 'Use another user').click();
    await signIn(page, 'bob');
    assert.ok((await page.locator('dd').allTextContents()).includes('bob'));
    await button(page, 'Allow').click();
    await page.waitForURL(`${app.redirect}?**`);
    assert.equal(claims(await app.redeem(app.answers()[0].get('code'))).sub, 'bob');
  });

  test('everything works without JavaScript', async (t) => {
    const app = await client(t);
    const { page } = await person(t, { javaScriptEnabled: false });
    await page.goto(app.url());
    await signIn(page);
    await button(page, 'Use another user').click();
    await signIn(page);
    await button(page, 'Allow').click();
    await page.waitForURL(`${app.redirect}?**`);
    assert.ok(app.answers()[0].get('code'));
  });

  for (const host of ['localhost', '[::1]']) {
    test(`the browser goes back to a client at ${host}`, async (t) => {
      const app = await client(t, { host });
      const { page } = await person(t);
      await page.goto(app.url());
      await signIn(page);
      await button(page, 'Allow').click();
      await page.waitForURL((url) => url.href.startsWith(`${app.redirect}?`));
      assert.ok(app.answers()[0].get('code'));
    });
  }

  test('who comes back is asked again: any program here could be the client', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    await button(page, 'Allow').click();
    await page.waitForURL(`${app.redirect}?**`);

    const moved = await app.moved(t);
    const rival = await app.rival('Somebody else');
    const cases = [
      ['the same once more', app, app.url()],
      ['another client', rival, rival.url()],
      ['the same client on another port', moved, moved.url()],
      ['more scopes', app, app.url({ scope: 'notes:read notes:write' })],
      ['a client that wants its user to be asked', app, app.url({ prompt: 'consent' })],
    ];
    for (const [what, asking, url] of cases) {
      const before = asking.answers().length;
      await page.goto(url);
      assert.equal(await title(page), 'Allow access?', what);
      assert.equal(asking.answers().length, before, what);
    }
    await page.goto(app.url({ prompt: 'none' }));
    assert.deepEqual(app.answers().map((answer) => answer.get('error')), [null, 'interaction_required']);
  });

  test('a redirect URI that is not the client’s leads nowhere', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    const foreign = await client(t);
    const answer = await page.goto(app.url({ redirect_uri: `${foreign.redirect}/else` }));
    assert.equal(answer.status(), 400);
    assert.equal(await title(page), 'This cannot go on');
    assert.deepEqual([app.answers().length, foreign.answers().length], [0, 0]);
  });
});
