"""What the Python clients share: `drive` runs the steps of a plan and prints one line of JSON for each.

A line is {step, saw: [texts]}, {step, failed: reason} or {step, unsupported: reason}; whether what was seen is right is judged
by who started the client. The plan: {steps: [names], call, progress, question, resources, prompts, reconnect,
login: {scope, document}, step-up}.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

LIMIT = 15.0
"""How long one step may take, in seconds."""


class Steps:
    """The steps, over what a client of this kind gives: `enter` and the short methods that raise here."""

    def __init__(self, url: str, plan: dict) -> None:
        self.url = url
        self.login = plan.get("login")
        """How to sign in: {scope, document}, the scope that is enough for it, and the URL of the client's metadata or nothing."""
        self.stack = AsyncExitStack()
        self.answer = None
        """What the next question gets."""
        self.resumptions = 0

    async def enter(self) -> str:
        """Connects, within the stack, and returns the revision."""
        raise NotImplementedError

    async def tools(self) -> list:
        raise NotImplementedError

    async def resources(self) -> list:
        raise NotImplementedError

    async def prompts(self) -> list:
        raise NotImplementedError

    async def read(self, uri: str) -> list:
        """The contents of a resource."""
        raise NotImplementedError

    async def prompt(self, name: str) -> list:
        """The messages of a prompt."""
        raise NotImplementedError

    async def call(self, tool: str, arguments: dict, progress=None):
        """The result of a tool."""
        raise NotImplementedError

    def opened(self) -> list[str]:
        """The URLs that a person was sent to for a sign-in."""
        raise NotImplementedError

    async def do_connect(self, plan: dict) -> list[str]:
        return [await self.enter()]

    async def do_login(self, plan: dict) -> list[str]:
        return [await self.enter(), sign_in(self.opened())]

    async def do_step_up(self, plan: dict) -> list[str]:
        return [*texts(await self.call(**plan["step-up"])), sign_in(self.opened())]

    async def do_list(self, plan: dict) -> list[str]:
        return [tool.name for tool in await self.tools()]

    async def do_call(self, plan: dict) -> list[str]:
        return texts(await self.call(**plan["call"]))

    async def do_progress(self, plan: dict) -> list[str]:
        saw = []

        async def told(progress: float, total: float | None, message: str | None) -> None:
            saw.append(f"{progress:g}/{total:g}")

        result = await self.call(**plan["progress"], progress=told)
        return saw + texts(result)

    async def do_question(self, plan: dict) -> list[str]:
        saw = []
        for question in plan["question"]:
            self.answer = question["content"]
            saw += texts(await self.call(question["tool"], question["arguments"]))
        return saw

    async def do_resources(self, plan: dict) -> list[str]:
        uris = [str(resource.uri) for resource in await self.resources()]
        return uris + [contents.text for contents in await self.read(plan["resources"])]

    async def do_prompts(self, plan: dict) -> list[str]:
        names = [prompt.name for prompt in await self.prompts()]
        return names + [message.content.text for message in await self.prompt(plan["prompts"])]

    async def do_reconnect(self, plan: dict) -> list[str]:
        before = self.resumptions
        result = await self.call(**plan["reconnect"])
        if self.resumptions == before:
            raise RuntimeError("the answer came without a resumption")
        return texts(result)

    async def do_close(self, plan: dict) -> list[str]:
        await self.stack.aclose()
        return []


def sign_in(opened: list[str]) -> str:
    """The last of these sign-ins: which it is, what its client is known by, and the scopes that it asks for."""
    asked = parse_qs(urlsplit(opened[-1]).query)
    known = "document" if asked["client_id"][0].startswith("https://") else "registration"
    scopes = sorted(asked.get("scope", [""])[0].split())
    return f"sign-in {len(opened)} by {known} for: {' '.join(scopes)}"


def texts(result) -> list[str]:
    """The texts of a tool's result; an error that a tool answers with is a failure here."""
    saw = [getattr(content, "text", "") for content in result.content]
    if spelled(result, "is_error", "isError"):
        raise RuntimeError(f"the tool answered with an error: {saw}")
    return saw


async def pages(listing, key: str) -> list:
    """All pages of a list."""
    items, cursor = [], None
    while True:
        page = await listing(cursor)
        items += getattr(page, key)
        cursor = spelled(page, "next_cursor", "nextCursor")
        if not cursor:
            return items


def spelled(item, new: str, old: str):
    """A member that the SDK's two generations spell differently."""
    return getattr(item, new) if hasattr(item, new) else getattr(item, old)


def say(line: dict) -> None:
    print(json.dumps(line), flush=True)


async def run(plan: dict, client: Steps) -> None:
    for name in plan["steps"]:
        try:
            async with asyncio.timeout(LIMIT):
                saw = await getattr(client, f"do_{name.replace('-', '_')}")(plan)
            say({"step": name, "saw": saw})
        except Exception as error:
            say({"step": name, "failed": repr(error)})
            if name in ("connect", "login"):
                break


def drive(client: type[Steps]) -> None:
    """Runs the plan, the second argument of the program, against the URL, the first."""
    url, plan = sys.argv[1], json.loads(sys.argv[2])
    try:
        asyncio.run(run(plan, client(url, plan)))
    except BaseException as error:
        # A transport that breaks takes the whole program with it.
        say({"step": "close", "failed": repr(error)})
    # What an SDK leaves open must not keep the process alive.
    sys.stdout.flush()
    os._exit(0)
