"""The official Python SDK, second generation. Usage: python py_2.py URL PLAN."""

import httpx2
import mcp
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult
from mcp_types import ElicitResult

from account import Account
from steps import Steps, drive, pages


class Client(Steps):
    async def enter(self) -> str:
        client = mcp.Client(self.url if self.login is None else self.secured(), elicitation_callback=self.elicited)
        self.client = await self.stack.enter_async_context(client)
        return self.client.protocol_version

    def secured(self):
        self.account = Account(lambda back: AuthorizationCodeResult(**back))
        http = httpx2.AsyncClient(timeout=30, auth=self.account.provider(self.url, self.login))
        return streamable_http_client(self.url, http_client=http)

    def opened(self) -> list[str]:
        return self.account.opened

    async def elicited(self, context, params) -> ElicitResult:
        return ElicitResult(action="accept", content=self.answer)

    async def tools(self) -> list:
        return await pages(lambda cursor: self.client.list_tools(cursor=cursor), "tools")

    async def resources(self) -> list:
        return await pages(lambda cursor: self.client.list_resources(cursor=cursor), "resources")

    async def prompts(self) -> list:
        return await pages(lambda cursor: self.client.list_prompts(cursor=cursor), "prompts")

    async def read(self, uri: str) -> list:
        return (await self.client.read_resource(uri)).contents

    async def prompt(self, name: str) -> list:
        return (await self.client.get_prompt(name)).messages

    async def call(self, tool: str, arguments: dict, progress=None):
        return await self.client.call_tool(tool, arguments, progress_callback=progress)


drive(Client)
