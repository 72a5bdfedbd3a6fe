// Stands between the suite, which brings no token, and a server that wants one: adds the token to every request and changes
// nothing else. Its own address in Host and Origin becomes the server's, because that is what the suite means by it.
//
// usage: TOKEN=… node with-token.mjs http://127.0.0.1:PORT/mcp    prints the URL to use instead

import { createServer, request } from "node:http";

const target = new URL(process.argv[2]);
const token = process.env.TOKEN;
if (!token) {
  throw new Error("TOKEN is not set");
}

const proxy = createServer((incoming, outgoing) => {
  const own = `127.0.0.1:${proxy.address().port}`;
  const headers = incoming.rawHeaders.map((text, index) => {
    const isValue = index % 2 === 1;
    return isValue ? text.replace(own, target.host) : text;
  });
  headers.push("Authorization", `Bearer ${token}`);
  const forwarded = request({
    host: target.hostname,
    port: target.port,
    method: incoming.method,
    path: incoming.url,
    headers,
  });
  forwarded.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode, answer.rawHeaders);
    outgoing.flushHeaders();
    answer.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.destroy());
  outgoing.on("close", () => forwarded.destroy());
  incoming.pipe(forwarded);
});

proxy.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${proxy.address().port}${target.pathname}`);
});
