// A small web site on a port of its own: the callback of a client, or somebody with bad intentions.
import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * Serves the page that `html(url)` makes, at every path: {at(host) → its origin, visited: [URL]}. Icons are not served and
 * not counted, because it is the browser that asks for them.
 */
export async function site(t, html, host = '127.0.0.1') {
  const visited = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, `http://${request.headers.host}`);
    if (url.pathname === '/favicon.ico') {
      response.writeHead(404).end();
      return;
    }
    visited.push(url);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    response.end(html(url));
  });
  server.listen(0, host === '[::1]' ? '::1' : '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { at: (name = '127.0.0.1') => `http://${name}:${server.address().port}`, visited };
}
