// Google's own way to judge an access token: no credentials, numbers as strings, and no `active`.

import { form } from './interaction.mjs';

/** Answers `GET` and `POST /tokeninfo?access_token=…`, and a POST that has the token in its form. */
export async function tokeninfo({ provider, settings }, req, res) {
  const asked = req.method === 'POST' ? await form(req) : new URLSearchParams();
  const value = asked.get('access_token') ?? new URL(req.url, settings.base).searchParams.get('access_token') ?? '';
  const kinds = [provider.AccessToken, provider.ClientCredentials];
  const token = (await Promise.all(kinds.map((kind) => kind.find(value)))).find((found) => found?.isValid);
  res.writeHead(token ? 200 : 400, { 'content-type': 'application/json' });
  if (!token) return res.end(JSON.stringify({ error: 'invalid_token', error_description: 'Invalid Value' }));
  const left = token.exp - Math.floor(Date.now() / 1000);
  const { clientId, accountId, scope, exp } = token;
  const online = { access_type: 'online', expires_in: `${left}`, exp: `${exp}` };
  return res.end(JSON.stringify({ azp: clientId, aud: clientId, sub: accountId, scope, ...online }));
}
