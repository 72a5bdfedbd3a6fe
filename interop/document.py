"""Serves the metadata document of the clients over https, with a certificate of a throw-away authority.

Usage: python document.py CA_FILE. Writes the certificate of the authority to that file, prints the document's URL, and ends with
its stdin.
"""

import datetime
import ipaddress
import json
import ssl
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"

PATH = "/client.json"

# Those of the scripts here, FastMCP, the Inspector and mcp-remote. Those of this machine stand for every port.
REDIRECTS = [
    "http://127.0.0.1/callback",
    "http://localhost/callback",
    "http://127.0.0.1/oauth/callback",
    "http://localhost/oauth/callback",
]


def certificate(name: str, key, issuer: str, signer, *extensions: x509.ExtensionType) -> x509.Certificate:
    def named(name: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])

    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(named(issuer), named(name), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(signer, hashes.SHA256())


def context(ca_file: str) -> ssl.SSLContext:
    """What the server presents; who trusts `ca_file` trusts it."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = certificate("interop authority", ca_key, "interop authority", ca_key, x509.BasicConstraints(True, None))
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    leaf = certificate("interop", key, "interop authority", ca_key, x509.BasicConstraints(False, None), host)
    with open(ca_file, "wb") as file:
        file.write(ca.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile() as chain:
        chain.write(leaf.public_bytes(serialization.Encoding.PEM) + private)
        chain.flush()
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(chain.name)
    return made


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path == PATH
        body = json.dumps(self.server.document).encode() if found else b""
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    server = ThreadingHTTPServer((HOST, 0), Handler)
    url = f"https://{HOST}:{server.server_port}{PATH}"
    server.document = {
        "client_id": url,
        "client_name": "outboard-interop",
        "redirect_uris": REDIRECTS,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    server.socket = context(sys.argv[1]).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(url, flush=True)
    sys.stdin.read()


main()
