"""The official Python SDK, first generation: connects, lists, calls, closes.

Usage: python py_1.py URL TOOL ARGUMENTS. Prints one line of JSON: what was negotiated, listed and answered.
"""

import asyncio
import json
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main(url: str, tool: str, arguments: str) -> None:
    async with streamable_http_client(url) as (read, write, _), ClientSession(read, write) as session:
        initialized = await session.initialize()
        listed = await session.list_tools()
        called = await session.call_tool(tool, json.loads(arguments))
    report = {
        "revision": initialized.protocolVersion,
        "tools": [one.name for one in listed.tools],
        "answer": called.content[0].text,
    }
    print(json.dumps(report))


asyncio.run(main(*sys.argv[1:]))
