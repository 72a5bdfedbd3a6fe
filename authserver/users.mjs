// The people who can sign in, as each of the presets knows them.

export const USERS = {
  alice: {
    name: 'Alice',
    email: 'alice@example.com',
    uid: '00u0000000000alice00',
    oid: '00000000-0000-4000-8000-0000000a11ce',
    roles: ['Reader', 'Writer'],
  },
  bob: {
    name: 'Bob',
    email: 'bob@example.com',
    uid: '00u000000000000bob00',
    oid: '00000000-0000-4000-8000-000000000b0b',
    roles: ['Reader'],
  },
};
