// What a token for a resource is, in the words of the library.
import { randomBytes } from 'node:crypto';

/** The kinds of token: signed by an algorithm, looked up, of a short life, or encrypted. */
export const KINDS = ['RS256', 'ES256', 'EdDSA', 'opaque', 'short', 'jwe'];

/** How long a token of the kind `short` lives, in seconds. */
const SHORT_TTL = 2;

/** Nobody else ever has this key: a token under it cannot be read. */
const JWE_KEY = randomBytes(32);

/** The token of a kind for an audience. */
export function resourceServer({ kind, audience, scopes, ttl }) {
  const common = { audience, scope: scopes.join(' '), accessTokenTTL: kind === 'short' ? SHORT_TTL : ttl };
  if (kind === 'opaque') return { ...common, accessTokenFormat: 'opaque' };
  const sign = { alg: ['short', 'jwe'].includes(kind) ? 'RS256' : kind };
  const encrypt = kind === 'jwe' ? { alg: 'dir', enc: 'A256GCM', key: JWE_KEY } : undefined;
  return { ...common, accessTokenFormat: 'jwt', jwt: { sign, ...(encrypt && { encrypt }) } };
}
