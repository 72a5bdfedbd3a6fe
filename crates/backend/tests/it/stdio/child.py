"""A small MCP server for tests. A test adds its own lines behind, which change or replace what is here."""

import json
import os
import signal
import subprocess
import sys
import time


def write(text):
    sys.stdout.buffer.write(text if isinstance(text, bytes) else text.encode())
    sys.stdout.buffer.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def result(request, value):
    send({"id": request["id"], "result": value})


def error(request, code, message, **more):
    send({"id": request["id"], "error": {"code": code, "message": message, **more}})


def text(value):
    return {"content": [{"type": "text", "text": value}]}


def tool(name, **more):
    return {"name": name, "description": "A tool.", "inputSchema": {"type": "object"}, **more}


def messages():
    """Every message from the client; ends with its input."""
    for line in sys.stdin.buffer:
        yield json.loads(line)


# What it declares.
CAPABILITIES = {"tools": {"listChanged": True}}


def legacy_initialize(request, version="2025-11-25"):
    info = {"name": "child", "version": "1"}
    result(request, {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": info})


TOOLS = [tool("echo")]

# What is called, by its name: each a function of the request.
CALLS = {"echo": lambda request: result(request, text(json.dumps(request["params"].get("arguments"))))}

# What is asked, by its method: each a function of the message.
METHODS = {
    "initialize": legacy_initialize,
    "notifications/initialized": lambda message: None,
    "notifications/cancelled": lambda message: None,
    "tools/list": lambda request: result(request, {"tools": TOOLS}),
    "tools/call": lambda request: CALLS[request["params"]["name"]](request),
}


def modern(versions=("2026-07-28",), **tools):
    """Makes it a modern server, which knows no initialize."""
    del METHODS["initialize"]
    CAPABILITIES["tools"] = tools
    METHODS["server/discover"] = lambda request: result(request, {
        "resultType": "complete",
        "supportedVersions": list(versions),
        "capabilities": CAPABILITIES,
        "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "child", "version": "1"}},
        "ttlMs": 0,
        "cacheScope": "public",
    })


def serve():
    for message in messages():
        method = METHODS.get(message.get("method"))
        if method:
            method(message)
        elif "id" in message and "method" in message:
            error(message, -32601, "Method not found")


# What is asked of the client, by its id: each a function of the answer.
ASKED = {}


def ask(method, params, then, number=None):
    """Asks the client something."""
    number = number or "q%d" % (len(ASKED) + 1)
    ASKED[number] = then
    send({"id": number, "method": method, "params": params})


METHODS[None] = lambda answer: ASKED.pop(answer["id"])(answer)


def form(message, **more):
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    return {"message": message, "requestedSchema": schema, **more}


def ask_form(request):
    """A tool that asks its caller, and answers what it was answered."""
    ask("elicitation/create", form(json.dumps(request["params"].get("arguments"))),
        lambda answer: result(request, text(json.dumps(answer.get("result") or answer["error"]))),
        "q%s" % request["id"])


def log(level, data, **more):
    send({"method": "notifications/message", "params": {"level": level, "data": data, **more}})


def updated(uri):
    send({"method": "notifications/resources/updated", "params": {"uri": uri}})


def changed(what):
    send({"method": "notifications/%s/list_changed" % what})
