// Everything that arrives, in order: counted, broken where a test wants it, and handed to who answers it.
import { form, interaction } from './interaction.mjs';

const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];

/** The handler of the server's requests. `world.provider` is read anew each time, because a rotation replaces it. */
export function front(world) {
  return (req, res) => {
    const { pathname } = new URL(req.url, world.settings.base);
    world.counters.set(pathname, (world.counters.get(pathname) ?? 0) + 1);
    world.faults.apply(pathname, res, () => {
      answer(world, pathname, req, res).catch((error) => {
        console.error(error);
        if (!res.headersSent) res.writeHead(500);
        res.end();
      });
    });
  };
}

async function answer(world, pathname, req, res) {
  const { mount, metadata, extra = {}, takesResource = true } = world.settings.preset;
  if (pathname in metadata) return provide(world, req, res, metadata[pathname]);
  if (pathname in extra) return extra[pathname](world, req, res);
  if (pathname.startsWith(`${mount}/interaction/`)) return interaction(world, req, res);
  // The library serves its metadata below its mount in both forms; the real server has them only where the preset says.
  const misplaced = METADATA.some((end) => pathname.endsWith(end));
  if (!pathname.startsWith(`${mount}/`) || misplaced) return res.writeHead(404).end();
  if (!takesResource) await forgetResource(req);
  return provide(world, req, res, req.url.slice(mount.length));
}

/** Lets the library answer, as if it were asked at this path below the mount. */
function provide({ provider, settings }, req, res, path) {
  req.originalUrl = `${settings.preset.mount}${path}`;
  req.url = path;
  return provider.callback()(req, res);
}

/** Takes the parameter `resource` out of the query and out of a form, where a server pays no attention to it. */
async function forgetResource(req) {
  const [path, query] = req.url.split('?');
  if (query !== undefined) req.url = `${path}?${without(query)}`;
  if (!req.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) return;
  req.body = without(`${await form(req)}`);
}

function without(text) {
  const parameters = new URLSearchParams(text);
  parameters.delete('resource');
  return `${parameters}`;
}
