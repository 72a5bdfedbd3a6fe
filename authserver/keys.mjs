// The signing keys: made at the start, added and dropped by rotation, and able to sign whatever a test wants signed.
import { createPrivateKey, sign } from 'node:crypto';

import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';

/** How node signs by each algorithm. */
const SIGNING = {
  RS256: { digest: 'sha256', options: {} },
  ES256: { digest: 'sha256', options: { dsaEncoding: 'ieee-p1363' } },
  EdDSA: { digest: null, options: {} },
};

const PUBLIC = ['kty', 'use', 'alg', 'kid', 'n', 'e', 'crv', 'x', 'y'];

export class KeyRing {
  /** Private keys as JWKs; of several of one algorithm the first signs. */
  #keys;

  constructor(keys) {
    this.#keys = keys;
  }

  static async generate(algorithms) {
    return new KeyRing(await Promise.all(algorithms.map(newKey)));
  }

  /** A ring with one new key in front, if an algorithm is named, and without the keys of these ids. */
  async rotated({ add, drop = [] }) {
    for (const kid of drop) this.find(kid);
    const kept = this.#keys.filter(({ kid }) => !drop.includes(kid));
    return new KeyRing(add === undefined ? kept : [await newKey(add), ...kept]);
  }

  private() {
    return structuredClone(this.#keys);
  }

  public() {
    return this.#keys.map((key) => Object.fromEntries(PUBLIC.filter((name) => name in key).map((name) => [name, key[name]])));
  }

  /** The key of this id, or the one that signs by this algorithm. */
  find(name) {
    const key = this.#keys.find(({ kid }) => kid === name) ?? this.#keys.find(({ alg }) => alg === name);
    if (!key) throw new Error(`no key ${name}`);
    return key;
  }

  /**
   * A compact JWS that nothing has checked. The header is that of a good access token with `header` over it; a member that
   * is null there is left out.
   */
  mint({ key: name, header = {}, payload }) {
    const key = this.find(name);
    const whole = { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header };
    const left = Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null));
    const input = [left, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const { digest, options } = SIGNING[key.alg];
    const signature = sign(digest, Buffer.from(input), { key: createPrivateKey({ key, format: 'jwk' }), ...options });
    return `${input}.${signature.toString('base64url')}`;
  }
}

async function newKey(alg) {
  if (!(alg in SIGNING)) throw new Error(`no algorithm ${alg}: ${Object.keys(SIGNING)}`);
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(privateKey);
  return { ...jwk, use: 'sig', alg, kid: await calculateJwkThumbprint(jwk) };
}
