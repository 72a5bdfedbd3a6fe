// What goes wrong on purpose, per path: the answers of a server that is broken in one of eight ways.

const BODY_MAX = 64 * 1024 * 1024;

const KINDS = {
  500: (_, res) => end(res, 500, 'text/plain', 'broken on purpose'),
  // Never answered: the connection is closed when the faults are cleared.
  hang: () => {},
  empty: (_, res) => end(res, 200, 'application/json', ''),
  garbage: (_, res) => end(res, 200, 'application/json', '{"keys": [}\u0000'),
  html: (_, res) => end(res, 200, 'text/html', '<!doctype html><title>Sign in</title><p>Please sign in.'),
  huge: (_, res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.write('{"padding":"');
    pour(res, BODY_MAX);
  },
  redirect: ({ to = 'http://169.254.169.254/latest/meta-data/' }, res) => {
    res.writeHead(302, { location: to });
    res.end();
  },
};

export class Faults {
  #faults = new Map();
  #hanging = new Set();

  set({ path, ...fault }) {
    const kind = `${fault.kind}`;
    if (typeof path !== 'string' || !(kind in KINDS || kind === 'slow')) throw new Error(`no fault ${kind} at ${path}`);
    if (kind === 'slow' && !(fault.ms > 0)) throw new Error('slow needs ms, a number of milliseconds');
    this.#faults.set(path, { ...fault, kind });
  }

  clear() {
    this.#faults.clear();
    for (const res of this.#hanging) res.destroy();
  }

  /** Answers the request if there is a fault at its path; else, or once a slow one has waited, goes on. */
  apply(path, res, goOn) {
    const fault = this.#faults.get(path);
    if (!fault) return goOn();
    if (fault.kind === 'slow') return setTimeout(goOn, fault.ms);
    if (fault.kind === 'hang') {
      this.#hanging.add(res);
      res.once('close', () => this.#hanging.delete(res));
    }
    return KINDS[fault.kind](fault, res);
  }
}

function end(res, status, type, body) {
  res.writeHead(status, { 'content-type': type });
  res.end(body);
}

/** Writes as fast as the other side reads, and no longer than it wants to. */
function pour(res, left) {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let flowing = true;
  while (flowing && left > 0 && !res.destroyed) {
    flowing = res.write(chunk);
    left -= chunk.length;
  }
  if (left <= 0) res.end('"}');
  else if (!res.destroyed) res.once('drain', () => pour(res, left));
}
