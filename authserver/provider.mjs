// The library, set up: clients, people, resources and what their tokens are, with the quirks of the preset.
import { Provider, errors } from 'oidc-provider';

import { grantAll } from './interaction.mjs';
import { resourceServer } from './resource.mjs';
import { USERS } from './users.mjs';

const LOOPBACK = ['http://127.0.0.1/callback', 'http://[::1]/callback', 'http://localhost/callback'];

const CLIENTS = [
  { client_id: 'svc', client_secret: 'svc-secret', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
  { client_id: 'rs', client_secret: 'rs-secret', grant_types: [], redirect_uris: [], response_types: [] },
  {
    client_id: 'native',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: LOOPBACK,
  },
];

/** A provider over what the others before it have stored: so a rotation, which makes a new one, loses nothing. */
export function buildProvider({ settings, keys, memory }) {
  const { preset } = settings;
  const provider = new Provider(settings.issuer, {
    adapter: memory.adapter(),
    clients: CLIENTS,
    jwks: { keys: keys.private() },
    cookies: { keys: ['only for tests'] },
    // Two seconds are two seconds.
    clockTolerance: 0,
    pkce: { required: () => true },
    routes: preset.routes ?? {},
    extraParams: ['audience'],
    claims: { openid: ['sub', ...(preset.idTokenClaims ?? [])], profile: ['name'], email: ['email'] },
    findAccount: (ctx, id) => Object.hasOwn(USERS, id) && account(ctx, id),
    interactions: { url: (_, { uid }) => `${preset.mount}/interaction/${uid}` },
    loadExistingGrant: grantAll,
    renderError: (ctx, out) => { ctx.body = out; },
    fetch: fetchClient(settings.cimd),
    formats: { customizers: { jwt: (ctx, token, jwt) => preset.token?.(shape(settings, ctx, token), jwt) } },
    ttl: {
      AccessToken: (_, token) => token.resourceServer?.accessTokenTTL ?? settings.ttl,
      ClientCredentials: (_, token) => token.resourceServer?.accessTokenTTL ?? settings.ttl,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 3600,
      RefreshToken: 3600,
      Session: 3600,
    },
    features: features(settings),
  });
  provider.use(documents(settings, keys));
  // What the client is not told, a person who looks for the mistake in a test wants to know.
  provider.on('grant.error', (_, error) => console.error('grant:', error.error_detail ?? error.message));
  provider.on('server_error', (_, error) => console.error(error));
  return provider;
}

function features(settings) {
  const { preset } = settings;
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: preset.introspection,
      allowedPolicy: (_, client, token) => client.clientId === 'rs' || client.clientId === token.clientId,
    },
    revocation: { enabled: true },
    registration: { enabled: settings.registration ?? preset.registration },
    registrationManagement: { enabled: settings.registration ?? preset.registration },
    clientIdMetadataDocument: { enabled: preset.cimd, ack: 'draft-02' },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, client, oneOf) => oneOf ?? (preset.defaultResource ?? missing)(ctx, settings),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, uri) => (preset.resource ?? listed)(uri, settings),
    },
  };
}

/** What a request without `resource` gets. */
function missing(_, { missing_resource: what }) {
  if (what === 'refuse') throw new errors.InvalidTarget('resource is required');
  return what === 'opaque' ? undefined : what;
}

/** The resource as the table of resources has it. */
function listed(uri, settings) {
  const kind = settings.resources[uri];
  if (!kind) throw new errors.InvalidTarget('no such resource');
  return resourceServer({ kind, audience: uri, scopes: settings.scopes, ttl: settings.ttl });
}

/** What a preset may look at when it shapes a token. */
function shape(settings, ctx, token) {
  const user = token.accountId && { sub: token.accountId, ...USERS[token.accountId] };
  const asked = ctx.oidc.entities.AuthorizationCode?.scope ?? ctx.oidc.params?.scope ?? '';
  return { settings, user, client: token.clientId, openid: asked.split(' ').includes('openid') };
}

/** Metadata and key set as the preset has them. */
function documents({ preset, scopes, discovery }, keys) {
  return async (ctx, next) => {
    await next();
    const route = ctx.oidc?.route;
    if (route === 'jwks' && ctx.status === 200) {
      ctx.body = { keys: preset.keys ? preset.keys(keys.public()) : keys.public() };
      ctx.type = 'application/json';
    } else if (route === 'discovery' && ctx.status === 200) {
      const body = { ...ctx.body, scopes_supported: [...ctx.body.scopes_supported, ...scopes], ...discovery };
      for (const name of preset.unsaid ?? []) delete body[name];
      ctx.body = body;
    }
  };
}

function account(ctx, id) {
  const { name, email } = USERS[id];
  return { accountId: id, claims: () => ({ sub: id, name, email, azp: ctx.oidc.client?.clientId }) };
}

/** Client metadata documents come from the configuration: nothing is ever fetched. */
function fetchClient(documents) {
  return async (url) => {
    const document = documents[`${url}`];
    const headers = { 'content-type': 'application/json' };
    return document ? new Response(JSON.stringify(document), { headers }) : new Response('', { status: 404 });
  };
}

/** What is stored, beyond the life of one provider. It only grows: a test is short. */
export class Memory {
  #records = new Map();

  adapter() {
    const records = this.#records;
    return class {
      constructor(model) {
        this.model = model;
      }

      async upsert(id, payload) {
        records.set(`${this.model}:${id}`, payload);
      }

      async find(id) {
        return records.get(`${this.model}:${id}`);
      }

      async findByUid(uid) {
        return [...records.entries()].find(([key, value]) => key.startsWith(`${this.model}:`) && value.uid === uid)?.[1];
      }

      async consume(id) {
        records.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000);
      }

      async destroy(id) {
        records.delete(`${this.model}:${id}`);
      }

      async revokeByGrantId(grantId) {
        for (const [key, value] of records) if (value.grantId === grantId) records.delete(key);
      }
    };
  }
}

/** Where a test finds the endpoints without reading the metadata, which would be counted. */
export function endpoints(provider, { base, preset }) {
  const names = ['authorization', 'token', 'jwks', ...(preset.introspection ? ['introspection'] : [])];
  const urls = names.map((name) => [name, `${base}${provider.pathFor(name, { mountPath: preset.mount })}`]);
  return { metadata: `${base}${Object.keys(preset.metadata)[0]}`, ...Object.fromEntries(urls) };
}
