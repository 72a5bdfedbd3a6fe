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


def legacy_initialize(request, version="2025-11-25"):
    capabilities = {"tools": {"listChanged": True}}
    info = {"name": "child", "version": "1"}
    result(request, {"protocolVersion": version, "capabilities": capabilities, "serverInfo": info})


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


def modern(versions=("2026-07-28",), **capabilities):
    """Makes it a modern server, which knows no initialize."""
    del METHODS["initialize"]
    METHODS["server/discover"] = lambda request: result(request, {
        "resultType": "complete",
        "supportedVersions": list(versions),
        "capabilities": {"tools": capabilities},
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
