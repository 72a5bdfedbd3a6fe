// The official TypeScript SDK, second generation: connects, lists, calls, closes.
// Usage: node ts-2.mjs URL TOOL ARGUMENTS [MODE]. MODE is `auto` or a revision to insist on; without it, the SDK's default.
// Prints one line of JSON: what was negotiated, listed and answered.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url, tool, argumentsJson, mode] = process.argv.slice(2);
const versionNegotiation = { mode: mode === 'auto' ? mode : { pin: mode } };
const transport = new StreamableHTTPClientTransport(new URL(url));
const client = new Client({ name: 'outboard-interop', version: '0.1.0' }, mode ? { versionNegotiation } : {});
await client.connect(transport);
const { tools } = await client.listTools();
const { content } = await client.callTool({ name: tool, arguments: JSON.parse(argumentsJson) });
const revision = client.getNegotiatedProtocolVersion();
if (transport.sessionId) await transport.terminateSession();
await client.close();
console.log(JSON.stringify({ revision, tools: tools.map(({ name }) => name), answer: content[0].text }));
