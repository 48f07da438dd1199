/** The version of these programs: they are one package. */
import { readFileSync } from 'node:fs';

// Three folders up from dist/core/runtime, where this runs.
const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');

export const VERSION = (JSON.parse(manifest) as { readonly version: string }).version;
