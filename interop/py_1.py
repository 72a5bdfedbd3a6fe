"""The official Python SDK, first generation. Usage: python py_1.py URL PLAN."""

import httpx
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from account import Account
from steps import Steps, drive, pages


class Client(Steps):
    async def enter(self) -> str:
        self.account = Account(lambda back: (back["code"], back["state"]))
        auth = self.account.provider(self.url, self.login)
        http = httpx.AsyncClient(timeout=30, event_hooks={"request": [self.count]}, auth=auth)
        read, write, _ = await self.stack.enter_async_context(streamable_http_client(self.url, http_client=http))
        session = ClientSession(read, write, elicitation_callback=self.elicited)
        self.session = await self.stack.enter_async_context(session)
        return (await self.session.initialize()).protocolVersion

    def opened(self) -> list[str]:
        return self.account.opened

    async def count(self, request: httpx.Request) -> None:
        self.resumptions += "last-event-id" in request.headers

    async def elicited(self, context, params) -> types.ElicitResult:
        return types.ElicitResult(action="accept", content=self.answer)

    async def tools(self) -> list:
        return await pages(lambda cursor: self.session.list_tools(params=page(cursor)), "tools")

    async def resources(self) -> list:
        return await pages(lambda cursor: self.session.list_resources(params=page(cursor)), "resources")

    async def prompts(self) -> list:
        return await pages(lambda cursor: self.session.list_prompts(params=page(cursor)), "prompts")

    async def read(self, uri: str) -> list:
        return (await self.session.read_resource(uri)).contents

    async def prompt(self, name: str) -> list:
        return (await self.session.get_prompt(name)).messages

    async def call(self, tool: str, arguments: dict, progress=None):
        return await self.session.call_tool(tool, arguments, progress_callback=progress)


def page(cursor: str | None) -> types.PaginatedRequestParams | None:
    return types.PaginatedRequestParams(cursor=cursor) if cursor else None


drive(Client)
