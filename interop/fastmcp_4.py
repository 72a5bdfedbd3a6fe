"""FastMCP, fourth generation: a client of its own over the Python SDK's. Usage: python fastmcp_4.py URL PLAN."""

import os
import tempfile

import fastmcp
from fastmcp.client.auth import OAuth
from fastmcp.client.elicitation import ElicitResult

from steps import Steps, drive


class Client(Steps):
    async def enter(self) -> str:
        auth = OAuth(client_metadata_url=self.login.get("document")) if self.login is not None else None
        os.environ["OPENED"] = self.stack.enter_context(tempfile.NamedTemporaryFile()).name
        client = fastmcp.Client(self.url, elicitation_handler=self.elicited, auth=auth)
        self.client = await self.stack.enter_async_context(client)
        return self.client.protocol_version

    def opened(self) -> list[str]:
        with open(os.environ["OPENED"]) as opened:
            return opened.read().split()

    async def elicited(self, message, response_type, params, context) -> ElicitResult:
        return ElicitResult(action="accept", content=self.answer)

    async def tools(self) -> list:
        return await self.client.list_tools()

    async def resources(self) -> list:
        return await self.client.list_resources()

    async def prompts(self) -> list:
        return await self.client.list_prompts()

    async def read(self, uri: str) -> list:
        return await self.client.read_resource(uri)

    async def prompt(self, name: str) -> list:
        return (await self.client.get_prompt(name)).messages

    async def call(self, tool: str, arguments: dict, progress=None):
        return await self.client.call_tool_mcp(tool, arguments, progress_handler=progress)


drive(Client)
