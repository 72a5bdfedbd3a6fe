// The servers that are imitated: where each has its endpoints, and what it puts into its tokens. README.md has the sources.
//
// A preset: {issuer, mount, metadata: {path: the library's path}, routes, introspection, registration, cimd,
// takesResource: false if the parameter `resource` means nothing to it, resource(uri, settings), defaultResource(ctx,
// settings), token(shape, jwt) rewrites a token in place, keys(public JWKs), unsaid: members of the metadata that are left
// out, idTokenClaims, extra: {path: handler}, variants}.
import { errors } from 'oidc-provider';

import { resourceServer } from './resource.mjs';
import { tokeninfo } from './tokeninfo.mjs';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

/** What a request stands for that names no resource, where a preset knows one API only. */
const API = 'urn:outboard:api';

const OPENID_SCOPES = ['openid', 'profile', 'email'];

export const presets = { plain, entra, keycloak, auth0, okta, google };

/** A server that follows RFC 8414, 8707 and 9068. */
function plain({ base, path }) {
  return {
    issuer: `${base}${path}`,
    mount: path,
    metadata: { [`${OAUTH}${path}`]: OAUTH, [`${path}${OPENID}`]: OPENID },
    introspection: true,
    registration: true,
    cimd: true,
  };
}

/** Microsoft Entra ID, with tokens of version 2, or of version 1 as the variant `v1`. */
function entra({ base, variant, audience }) {
  const tenant = '11111111-1111-4111-8111-111111111111';
  const app = audience ?? '22222222-2222-4222-8222-222222222222';
  const old = variant === 'v1';
  const version = old ? '' : '/v2.0';
  const prefix = `api://${app}/`;
  return {
    variants: ['v1'],
    issuer: old ? `${base}/${tenant}/` : `${base}/${tenant}/v2.0`,
    mount: `/${tenant}`,
    metadata: { [`/${tenant}${version}${OPENID}`]: OPENID },
    routes: {
      authorization: `/oauth2${version}/authorize`,
      token: `/oauth2${version}/token`,
      jwks: `/discovery${version}/keys`,
    },
    unsaid: ['code_challenge_methods_supported', 'revocation_endpoint', 'authorization_response_iss_parameter_supported'],
    keys: (keys) => keys.map(({ alg, ...key }) => ({ ...key, issuer: `${base}/${tenant}/v2.0` })),
    defaultResource: () => API,
    resource(uri, { scopes, ttl }) {
      if (uri !== API) throw new errors.InvalidTarget('AADSTS9010010: the resource does not match the scopes');
      const named = [...scopes, '.default'].map((scope) => `${prefix}${scope}`);
      return resourceServer({ kind: 'RS256', audience: old ? `api://${app}` : app, scopes: named, ttl });
    },
    token({ settings, user, client }, jwt) {
      const { iss, aud, iat, exp, scope = '' } = jwt.payload;
      const asked = scope.split(' ').map((name) => name.slice(prefix.length));
      const scp = user && (asked.includes('.default') ? settings.scopes : asked).join(' ');
      const oid = user?.oid ?? '33333333-3333-4333-8333-333333333333';
      const common = { aud, iss, iat, nbf: iat, exp, aio: 'opaque', name: user?.name, oid, rh: 'opaque', tid: tenant };
      Object.assign(common, { uti: 'opaque', scp, roles: user?.roles ?? ['Reader'], sub: user ? `pairwise-${user.sub}` : oid });
      const secret = user ? '0' : '1';
      jwt.payload = old
        ? { ...common, appid: client, appidacr: secret, upn: user?.email, unique_name: user?.email, ver: '1.0' }
        : { ...common, azp: client, azpacr: secret, preferred_username: user?.email, ver: '2.0' };
      jwt.header = { typ: 'JWT' };
    },
  };
}

/** Keycloak, whose audience is ours only with an audience mapper: the variant `audience-mapper`. */
function keycloak({ base, variant, audience }) {
  const mount = '/realms/outboard';
  const account = { roles: ['manage-account', 'view-profile'] };
  return {
    variants: ['audience-mapper'],
    issuer: `${base}${mount}`,
    mount,
    metadata: { [`${mount}${OPENID}`]: OPENID },
    routes: {
      authorization: '/protocol/openid-connect/auth',
      token: '/protocol/openid-connect/token',
      jwks: '/protocol/openid-connect/certs',
      userinfo: '/protocol/openid-connect/userinfo',
      introspection: '/protocol/openid-connect/token/introspect',
      revocation: '/protocol/openid-connect/revoke',
      registration: '/clients-registrations/openid-connect',
    },
    introspection: true,
    registration: true,
    takesResource: false,
    // A key set with a key that signs nothing.
    keys: ([...keys]) => {
      const rsa = keys.find(({ kty }) => kty === 'RSA');
      return rsa ? [...keys, { ...rsa, kid: `${rsa.kid}-enc`, use: 'enc', alg: 'RSA-OAEP' }] : keys;
    },
    defaultResource: () => API,
    resource: (_, { scopes, ttl }) => {
      const all = [...OPENID_SCOPES, ...scopes];
      return resourceServer({ kind: 'RS256', audience: 'account', scopes: all, ttl });
    },
    token({ user, client }, jwt) {
      const { iss, iat, exp, jti, scope } = jwt.payload;
      const aud = variant ? [audience ?? 'outboard-api', 'account'] : 'account';
      const common = { exp, iat, jti, iss, aud, typ: 'Bearer', azp: client, acr: '1', 'allowed-origins': ['/*'], scope };
      const service = { client_id: client, clientHost: '127.0.0.1', clientAddress: '127.0.0.1' };
      const person = { sid: 'session', name: user?.name, email: user?.email, email_verified: true };
      jwt.payload = {
        ...common,
        ...(user ? person : service),
        sub: user?.oid ?? '33333333-3333-4333-8333-333333333333',
        preferred_username: user?.sub ?? `service-account-${client}`,
        realm_access: { roles: ['default-roles-outboard', ...(user?.roles ?? [])] },
        resource_access: { 'outboard-api': { roles: user?.roles ?? ['Reader'] }, account },
      };
      jwt.header = { typ: 'JWT' };
    },
  };
}

/** Auth0, with its own profile of access tokens, or with that of RFC 9068 as the variant `rfc9068`. */
function auth0({ base, variant, audience }) {
  const api = audience ?? 'https://api.example.com/';
  return {
    variants: ['rfc9068'],
    issuer: `${base}/`,
    mount: '',
    metadata: { [OPENID]: OPENID, [OAUTH]: OAUTH },
    routes: {
      authorization: '/authorize',
      token: '/oauth/token',
      jwks: '/.well-known/jwks.json',
      userinfo: '/userinfo',
      revocation: '/oauth/revoke',
      registration: '/oidc/register',
    },
    registration: true,
    takesResource: false,
    defaultResource(ctx) {
      const asked = ctx.oidc.params?.audience ?? ctx.oidc.body?.audience;
      if (asked !== undefined && asked !== api) throw new errors.AccessDenied(`Service not found: ${asked}`);
      return asked && API;
    },
    resource: (_, { scopes, ttl }) =>
      resourceServer({ kind: 'RS256', audience: api, scopes: [...OPENID_SCOPES, ...scopes], ttl }),
    token({ settings, user, client, openid }, jwt) {
      const { iss, aud, iat, exp, jti, scope } = jwt.payload;
      const permissions = user?.roles.includes('Writer') ? settings.scopes : settings.scopes.slice(0, 1);
      const both = openid ? [aud, `${base}/userinfo`] : aud;
      const common = { iss, sub: user ? `auth0|${user.sub}` : `${client}@clients`, aud: both, iat, exp, scope, permissions };
      const gty = user ? undefined : 'client-credentials';
      jwt.payload = variant ? { ...common, jti, client_id: client } : { ...common, azp: client, gty };
      jwt.header = { typ: variant ? 'at+jwt' : 'JWT' };
    },
  };
}

/** Okta, with a custom authorization server, or with the organisation's own as the variant `org`. */
function okta({ base, variant, audience }) {
  const issuer = variant ? base : `${base}/oauth2/default`;
  const mount = variant ? '/oauth2' : '/oauth2/default';
  const path = variant ? '' : mount;
  return {
    variants: ['org'],
    issuer,
    mount,
    metadata: { [`${path}${OPENID}`]: OPENID, [`${path}${OAUTH}`]: OAUTH },
    routes: {
      authorization: '/v1/authorize',
      token: '/v1/token',
      jwks: '/v1/keys',
      userinfo: '/v1/userinfo',
      introspection: '/v1/introspect',
      revocation: '/v1/revoke',
    },
    introspection: true,
    takesResource: false,
    defaultResource: () => API,
    resource: (_, { scopes, ttl }) => {
      const all = [...OPENID_SCOPES, ...scopes];
      return resourceServer({ kind: 'RS256', audience: variant ? base : (audience ?? 'api://default'), scopes: all, ttl });
    },
    token({ user, client }, jwt) {
      const { iss, aud, iat, exp, jti, scope = '' } = jwt.payload;
      const who = user ? { uid: user.uid, auth_time: iat, sub: user.email } : { sub: client };
      const scp = scope.split(' ').filter(Boolean);
      jwt.payload = { ver: 1, jti: `AT.${jti}`, iss, aud, iat, exp, cid: client, ...who, scp };
      jwt.header = { typ: variant ? 'application/okta-internal-at+jwt' : undefined };
    },
  };
}

/** Google, whose access tokens say nothing and are judged by one endpoint of its own. */
function google({ base, audience }) {
  return {
    issuer: 'https://accounts.google.com',
    mount: '',
    metadata: { [OPENID]: OPENID },
    routes: {
      authorization: '/o/oauth2/v2/auth',
      token: '/token',
      jwks: '/oauth2/v3/certs',
      userinfo: '/v1/userinfo',
      revocation: '/revoke',
    },
    takesResource: false,
    idTokenClaims: ['azp'],
    extra: { '/tokeninfo': tokeninfo },
    defaultResource: () => API,
    resource: (_, { scopes, ttl }) =>
      resourceServer({ kind: 'opaque', audience: audience ?? base, scopes: [...OPENID_SCOPES, ...scopes], ttl }),
  };
}
