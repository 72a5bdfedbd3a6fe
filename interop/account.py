"""Whose sign-in it is, for both generations of the official Python SDK: a keeper of tokens that needs no browser."""

import asyncio
import http.client
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

REDIRECT = "http://127.0.0.1/callback"
"""Nothing listens there: the code is taken from the answer that would send a browser there."""


class Account(TokenStorage):
    """`result` makes what this generation of the SDK takes as a callback from the parameters that came back."""

    def __init__(self, result: Callable[[dict], object]) -> None:
        self.result = result
        self.opened: list[str] = []
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    def provider(self, url: str, login: dict | None) -> OAuthClientProvider | None:
        if login is None:
            return None
        document = login.get("document")
        metadata = OAuthClientMetadata(client_name="outboard-interop", redirect_uris=[REDIRECT])
        return OAuthClientProvider(url, metadata, self, self.redirected, self.called_back, client_metadata_url=document)

    async def redirected(self, url: str) -> None:
        self.opened.append(url)
        self.back = await asyncio.to_thread(visit, url)

    async def called_back(self) -> object:
        return self.result(self.back)

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def visit(url: str) -> dict:
    """The parameters with which the issuer would send a browser back."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    location = answer.getheader("location")
    if location is None:
        raise RuntimeError(f"the issuer answered {answer.status}: {answer.read().decode()}")
    return dict(parse_qsl(urlsplit(location).query))
