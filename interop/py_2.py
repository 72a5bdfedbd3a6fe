"""The official Python SDK, second generation: connects, lists, calls, closes.

Usage: python py_2.py URL TOOL ARGUMENTS. Prints one line of JSON: what was negotiated, listed and answered.
"""

import asyncio
import json
import sys

from mcp import Client


async def main(url: str, tool: str, arguments: str) -> None:
    async with Client(url) as client:
        listed = await client.list_tools()
        called = await client.call_tool(tool, json.loads(arguments))
        report = {
            "revision": client.protocol_version,
            "tools": [one.name for one in listed.tools],
            "answer": called.content[0].text,
        }
    print(json.dumps(report))


asyncio.run(main(*sys.argv[1:]))
