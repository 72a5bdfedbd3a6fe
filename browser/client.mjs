// An MCP client as far as OAuth goes: finds the authorization server, registers, sends people there, redeems codes, calls.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { site } from './site.mjs';

/** The MCP endpoint under test. */
export const MCP = process.env.OUTBOARD_URL;

/** The authorization server's metadata (RFC 8414), found as a client finds it. */
export const server = await discover();

/** The page of each client. */
const HOME = '<!doctype html><html lang="en"><title>Back</title><h1>Back at the client</h1>';

/** A registered client with a callback of its own, on this host. */
export async function client(t, { name = 'Test client', host = '127.0.0.1' } = {}) {
  const callback = await site(t, () => HOME, host);
  const redirect = `${callback.at(host)}/callback`;
  return attached({ id: await registered(name, redirect), callback, redirect });
}

/** The id of a new client. */
async function registered(name, redirect) {
  const metadata = { client_name: name, redirect_uris: [redirect], token_endpoint_auth_method: 'none' };
  const answer = await post(server.registration_endpoint, metadata);
  assert.equal(answer.status, 201, await answer.clone().text());
  return (await answer.json()).client_id;
}

/** What the client can do once it has an id and a redirect URI. */
function attached({ id, callback, redirect }) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(16).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return {
    id,
    redirect,
    state,
    /** The query of each answer that came. */
    answers: () => callback.visited.filter(({ pathname }) => pathname === '/callback').map((url) => url.searchParams),
    /** Everything that was asked of the callback's site. */
    visited: () => callback.visited,
    /** The same client with a callback on another port, which needs no registration (RFC 8252 §7.3). */
    async moved(t) {
      const other = await site(t, () => HOME);
      return attached({ id, callback: other, redirect: `${other.at()}/callback` });
    },
    /** Another client that has the same callback. */
    rival: async (name) => attached({ id: await registered(name, redirect), callback, redirect }),
    /** Where to send somebody. */
    url(more = {}) {
      const url = new URL(server.authorization_endpoint);
      const parameters = {
        response_type: 'code',
        client_id: id,
        redirect_uri: redirect,
        code_challenge: challenge,
        code_challenge_method: 'S256',
        resource: MCP,
        scope: 'notes:read',
        state,
        ...more,
      };
      for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
      return url.href;
    },
    /** What redeems a code. */
    grant: (code) => ({
      grant_type: 'authorization_code',
      code,
      client_id: id,
      redirect_uri: redirect,
      code_verifier: verifier,
    }),
    /** The access token for a code. */
    async redeem(code) {
      const body = new URLSearchParams(this.grant(code));
      const answer = await fetch(server.token_endpoint, { method: 'POST', body });
      assert.equal(answer.status, 200, await answer.clone().text());
      return (await answer.json()).access_token;
    },
  };
}

/** The claims of a token, which the server checks and this does not. */
export const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

/** Calls a tool of the server under test. */
export function call(token, name, given) {
  const version = '2026-07-28';
  const key = (word) => `io.modelcontextprotocol/${word}`;
  const _meta = {
    [key('protocolVersion')]: version,
    [key('clientInfo')]: { name: 'browser', version: '0' },
    [key('clientCapabilities')]: {},
  };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given, _meta } };
  const headers = { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': name };
  if (token) headers.authorization = `Bearer ${token}`;
  return post(MCP, message, headers);
}

/** POSTs JSON. */
export function post(url, body, headers = {}) {
  const accepted = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers: { ...accepted, ...headers }, body: JSON.stringify(body) });
}

async function discover() {
  const refused = await call(undefined, 'echo', { message: '' });
  assert.equal(refused.status, 401);
  const challenge = refused.headers.get('www-authenticate');
  const [, metadata] = challenge.match(/resource_metadata="([^"]+)"/) ?? [];
  assert.ok(metadata, challenge);
  const resource = await (await fetch(metadata)).json();
  assert.equal(resource.resource, MCP);
  const [issuer] = resource.authorization_servers;
  const found = await (await fetch(new URL('/.well-known/oauth-authorization-server', issuer))).json();
  assert.equal(found.issuer, issuer);
  return found;
}
