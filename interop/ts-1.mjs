// The official TypeScript SDK, first generation: connects, lists, calls, closes.
// Usage: node ts-1.mjs URL TOOL ARGUMENTS. Prints one line of JSON: what was negotiated, listed and answered.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, tool, argumentsJson] = process.argv.slice(2);
const transport = new StreamableHTTPClientTransport(new URL(url));
const client = new Client({ name: 'outboard-interop', version: '0.1.0' });
await client.connect(transport);
const { tools } = await client.listTools();
const { content } = await client.callTool({ name: tool, arguments: JSON.parse(argumentsJson) });
const revision = transport.protocolVersion;
await transport.terminateSession();
await client.close();
console.log(JSON.stringify({ revision, tools: tools.map(({ name }) => name), answer: content[0].text }));
