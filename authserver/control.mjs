// The control plane: what a test does to the server. POST with a JSON object, or GET for the counters; answers are JSON.
import { buildProvider } from './provider.mjs';

const ROUTES = {
  'POST /fault': ({ faults }, body) => faults.set(body),
  'POST /clear': ({ faults }) => faults.clear(),
  'GET /counters': ({ counters }) => Object.fromEntries(counters),
  'POST /mint': ({ keys }, body) => ({ token: keys.mint(body) }),
  'POST /rotate': async (world, body) => {
    const keys = await world.keys.rotated(body);
    const provider = buildProvider({ ...world, keys });
    Object.assign(world, { keys, provider });
    return { keys: keys.public() };
  },
  'POST /revoke': async ({ provider }, { token }) => {
    const kinds = [provider.AccessToken, provider.ClientCredentials, provider.RefreshToken];
    const found = (await Promise.all(kinds.map((kind) => kind.find(token)))).filter(Boolean);
    await Promise.all(found.map((stored) => stored.destroy()));
    return { revoked: found.length > 0 };
  },
};

export function control(world) {
  return async (req, res) => {
    const route = ROUTES[`${req.method} ${req.url}`];
    if (!route) return reply(res, 404, { error: `no ${req.method} ${req.url}` });
    try {
      let text = '';
      for await (const chunk of req) text += chunk;
      return reply(res, 200, (await route(world, text === '' ? {} : JSON.parse(text))) ?? {});
    } catch (error) {
      return reply(res, 400, { error: error.message });
    }
  };
}

function reply(res, status, body) {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}
