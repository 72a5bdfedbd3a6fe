// Whose sign-in it is, for the JavaScript clients: a keeper of tokens for the SDKs, and the words for a sign-in that was seen.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

// Nothing listens there: the code is taken from the answer that would send a browser there.
const REDIRECT = 'http://127.0.0.1/callback';

/** What both generations of the SDK ask of a keeper of tokens. `document` is the URL of the client's metadata, if it has one. */
export class Account {
  redirectUrl = REDIRECT;
  clientMetadata = {
    client_name: 'outboard-interop',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };

  /** The URLs that a person was sent to. */
  opened = [];

  /** With `refresh: false` it forgets refresh tokens. */
  constructor(document, { refresh = true } = {}) {
    this.clientMetadataUrl = document;
    this.refresh = refresh;
  }

  state() {
    this.sent = randomUUID();
    return this.sent;
  }

  clientInformation() { return this.client; }
  saveClientInformation(client) { this.client = client; }
  tokens() { return this.kept; }
  saveTokens({ refresh_token, ...tokens }) { this.kept = this.refresh ? { ...tokens, refresh_token } : tokens; }
  codeVerifier() { return this.verifier; }
  saveCodeVerifier(verifier) { this.verifier = verifier; }
  discoveryState() { return this.discovered; }
  saveDiscoveryState(discovered) { this.discovered = discovered; }

  async redirectToAuthorization(url) {
    this.opened.push(`${url}`);
    const answer = await fetch(url, { redirect: 'manual' });
    const location = answer.headers.get('location');
    if (!location) throw new Error(`the issuer answered ${answer.status}: ${await answer.text()}`);
    this.back = new URL(location).searchParams;
  }

  /** The parameters that came back with the last sign-in. */
  callback() {
    if (this.back.get('state') !== this.sent) throw new Error('the state is not the one that was sent');
    return this.back;
  }
}

/** The URLs that the stand-in for a browser was given, which it writes to this file. */
export const openedBy = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);

/** A port at which a client can wait for the browser. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The last of these sign-ins: which it is, what its client is known by, and the scopes that it asks for. */
export function signIn(opened) {
  const asked = new URL(opened.at(-1)).searchParams;
  const known = asked.get('client_id').startsWith('https://') ? 'document' : 'registration';
  const scopes = (asked.get('scope') ?? '').split(' ').sort();
  return `sign-in ${opened.length} by ${known} for: ${scopes.join(' ')}`;
}
