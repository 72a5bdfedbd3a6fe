// Signing in and consenting, on one page that a program can pass: by `login_hint`, by the configuration, or by its form.
import { USERS } from './users.mjs';

/** Answers GET and POST of an interaction. The form has one field, `user`; an unknown name there is a refusal. */
export async function interaction({ provider, settings }, req, res) {
  const { params } = await provider.interactionDetails(req, res);
  const user = req.method === 'POST' ? (await form(req)).get('user') : (params.login_hint ?? settings.auto_login);
  if (user === null || user === undefined) return page(res);
  const result = Object.hasOwn(USERS, user)
    ? { login: { accountId: user }, consent: {} }
    : { error: 'access_denied', error_description: 'the user said no' };
  return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
}

/** Everything that was asked for is granted: the page has asked already. */
export async function grantAll(ctx) {
  const { client, session, resourceServers, provider } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid profile email offline_access');
  for (const [uri, server] of Object.entries(resourceServers)) grant.addResourceScope(uri, server.scope);
  await grant.save();
  return grant;
}

/** The fields of a form; longer ones than any test sends are cut off. */
export async function form(req) {
  let text = '';
  for await (const chunk of req) if (text.length < 65_536) text += chunk;
  return new URLSearchParams(text);
}

function page(res) {
  const buttons = [...Object.keys(USERS), 'nobody'].map((name) => `<button name="user" value="${name}">${name}</button>`);
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  res.end(`<!doctype html><html lang="en"><title>Sign in</title><form method="post">${buttons.join('')}</form></html>`);
}
