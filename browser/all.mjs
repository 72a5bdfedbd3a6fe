// Every test, in one browser against one server: OUTBOARD_URL is the MCP endpoint of `outboard serve --dev-issuer`.
import './flow.mjs';
import './once.mjs';
import './pages.mjs';
import './hostile.mjs';
