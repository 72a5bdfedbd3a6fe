// The configuration: what a test may set, its defaults, and a refusal of everything else.
import { presets } from './presets.mjs';
import { KINDS } from './resource.mjs';

/** Every member, with its default. What each means stands in README.md. */
const DEFAULTS = {
  preset: 'plain',
  variant: null,
  path: '',
  audience: null,
  resources: {},
  missing_resource: 'refuse',
  scopes: ['tools:read', 'tools:write'],
  ttl: 600,
  auto_login: null,
  registration: null,
  cimd: {},
  discovery: {},
};

/** The configuration with all defaults, its preset, its issuer, and the resource that the preset stands for. */
export function readSettings(config, base) {
  const unknown = Object.keys(config).filter((name) => !(name in DEFAULTS));
  if (unknown.length > 0) throw new Error(`unknown settings: ${unknown}`);
  const settings = { ...DEFAULTS, ...config, base };
  const make = presets[settings.preset];
  if (!make) throw new Error(`no preset ${settings.preset}: ${Object.keys(presets)}`);
  for (const [uri, kind] of Object.entries(settings.resources)) {
    if (!KINDS.includes(kind)) throw new Error(`no kind ${kind} for ${uri}: ${KINDS}`);
  }
  const missing = settings.missing_resource;
  if (!['refuse', 'opaque'].includes(missing) && !(missing in settings.resources)) {
    throw new Error(`missing_resource is refuse, opaque or one of the resources, not ${missing}`);
  }
  const preset = make(settings);
  const { variants = [] } = preset;
  if (settings.variant !== null && !variants.includes(settings.variant)) {
    throw new Error(`no variant ${settings.variant} of ${settings.preset}: ${variants}`);
  }
  settings.preset = preset;
  settings.issuer = preset.issuer;
  return settings;
}
