// Each answer counts once: what becomes of a form that is sent again, by impatience, by the back button, or on purpose.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { client, server } from './client.mjs';
import { button, person, signIn, title } from './world.mjs';

suite('once', () => {
  for (const decision of ['Allow', 'Deny']) {
    test(`a form that said "${decision}" is refused when it comes again`, async (t) => {
      const app = await client(t);
      const { context, page } = await person(t);
      await page.goto(app.url());
      await signIn(page);
      const sending = page.waitForRequest(`${server.authorization_endpoint}/consent`);
      await button(page, decision).click();
      await page.waitForURL(`${app.redirect}?**`);
      const sent = await sending;
      for (const form of [sent.postData(), sent.postData().replace('deny', 'approve')]) {
        const again = await submitted(context, form);
        assert.equal(again.status(), 400);
        assert.equal(again.headers().location, undefined);
        assert.match(await again.text(), /was answered already/);
      }
      assert.equal(app.answers().length, 1);
    });
  }

  test('two clicks give one code at most', async (t) => {
    const app = await client(t);
    const { page, seen } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    await button(page, 'Allow').dblclick();
    // The browser shows the answer to the click that came last.
    await page.getByRole('heading', { level: 1, name: /^(This cannot go on|Back at the client)$/ }).waitFor();
    const taken = seen.statuses.filter((status) => status === 'POST /authorize/consent 303');
    assert.equal(taken.length, 1);
    assert.ok(app.answers().length <= 1);
  });

  test('nothing is approved by going back or by loading again', async (t) => {
    const app = await client(t);
    const { page } = await person(t);
    await page.goto(app.url());
    await signIn(page);
    // The page did not come as the answer to a form, so no form is sent again.
    const reloaded = await page.reload();
    assert.deepEqual([reloaded.status(), reloaded.request().method()], [200, 'GET']);
    assert.equal(await title(page), 'Allow access?');
    await button(page, 'Deny').click();
    await page.waitForURL(`${app.redirect}?**`);
    await page.goBack();
    assert.equal(await title(page), 'Allow access?');
    assert.deepEqual(app.answers().map((answer) => answer.get('error')), ['access_denied']);
  });

  test('two tabs are two requests, and each is answered for itself', async (t) => {
    const [one, other] = [await client(t, { name: 'One' }), await client(t, { name: 'Other' })];
    const { context, page } = await person(t);
    await page.goto(one.url());
    await signIn(page);
    const tab = await context.newPage();
    await tab.goto(other.url());
    await button(page, 'Allow').click();
    await page.waitForURL(`${one.redirect}?**`);
    assert.deepEqual([one.answers().length, other.answers().length], [1, 0]);
    await button(tab, 'Deny').click();
    await tab.waitForURL(`${other.redirect}?**`);
    assert.deepEqual([one.answers().length, other.answers().length], [1, 1]);
    assert.equal(other.answers()[0].get('code'), null);
  });

  test('a form is of the browser that it was given to', async (t) => {
    const app = await client(t);
    const [alice, mallory] = [await person(t), await person(t)];
    const fields = [];
    for (const { page } of [alice, mallory]) {
      await page.goto(app.url());
      await signIn(page);
      fields.push(new URLSearchParams(await hidden(page)));
    }
    const [hers, his] = fields;
    const mixed = new URLSearchParams({ csrf: his.get('csrf'), request: hers.get('request'), decision: 'approve' });
    const forms = [
      ['hers whole', new URLSearchParams({ ...Object.fromEntries(hers), decision: 'approve' }), 403],
      ['her request under his token', mixed, 400],
    ];
    for (const [what, form, status] of forms) {
      const answer = await submitted(mallory.context, `${form}`);
      assert.equal(answer.status(), status, what);
      assert.equal(answer.headers().location, undefined, what);
    }
    assert.equal(app.answers().length, 0);
  });
});

/** Sends the form of a consent page as this browser would, and follows nowhere. */
const submitted = (context, form) =>
  context.request.post(`${server.authorization_endpoint}/consent`, {
    headers: { origin: server.issuer, 'content-type': 'application/x-www-form-urlencoded' },
    data: form,
    maxRedirects: 0,
  });

/** The hidden fields of a page's form, as name and value. */
const hidden = (page) =>
  page.locator('input[type=hidden]').evaluateAll((inputs) => inputs.map(({ name, value }) => [name, value]));
