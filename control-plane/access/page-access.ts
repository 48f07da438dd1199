/**
 * Who may ask the HTTP address of this control plane, and for what. Pure but for the tokens, which may change.
 *
 * A browser sends requests on behalf of whatever page its user has open. So what is asked for under a name that nobody
 * configured is refused (another site may have pointed its own name here), and a change is taken only from our own page.
 */
import { isIP } from 'node:net';
import { type HttpAnswer, type HttpHead, json } from '../../core/runtime/http-server.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';
import { bearerOf } from './call-access.ts';

/** For probes and scrapers, under any name: no configuration, only that it runs and how much it does. */
const OPEN_PATHS: readonly string[] = ['/metrics', '/healthz', '/readyz'];
/** What shows or changes something. The other paths are the files of the page, the same for everybody. */
export const API_PATHS = '/api/';

export interface PageAccess {
  /** Left out: all are welcome. */
  readonly tokens?: AcceptedTokens | undefined;
  /** Names that the dashboard is asked for under, besides `localhost` and addresses. */
  readonly hosts: readonly string[];
}

/** What to answer instead of the page or the change; null: it may be given. */
export function refusePage({ tokens, hosts }: PageAccess, head: HttpHead): HttpAnswer | null {
  const { path, method, headers } = head;
  if (OPEN_PATHS.includes(path)) return null;
  const host = headers.host ?? '';
  if (!isKnownHost(host, hosts)) return json(421, { error: unknownHost(host) });
  if (!path.startsWith(API_PATHS)) return null;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return json(403, { error: `this was asked by a page of another site (Sec-Fetch-Site: ${site})` });
  }
  const refused = method === 'POST' ? refuseChange(head, host) : null;
  if (refused !== null) return refused;
  if (tokens === undefined || tokens.accepts(bearerOf(headers.authorization))) return null;
  const error =
    headers.authorization === undefined
      ? 'this control plane wants a token of its --token-file, as "Authorization: Bearer TOKEN"'
      : 'that token is none that this control plane accepts';
  return { ...json(401, { error }), headers: { 'www-authenticate': 'Bearer realm="Equipoise"' } };
}

function refuseChange({ headers }: HttpHead, host: string): HttpAnswer | null {
  const { origin } = headers;
  if (origin === undefined || !isOriginOf(origin, host)) {
    const from = origin === undefined ? 'no Origin' : `the Origin ${origin}`;
    const error = `changes are taken from the page at this address only, and this one came with ${from}; programs use the gRPC API, or lbctl`;
    return json(403, { error });
  }
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return null;
  return json(415, { error: 'changes are taken as JSON: Content-Type: application/json' });
}

/** An address can't be made to lead elsewhere; a name can, by whoever owns it. */
function isKnownHost(host: string, hosts: readonly string[]): boolean {
  const name = nameOf(host).toLowerCase();
  return (
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    hosts.some((known) => known.toLowerCase() === name)
  );
}

/** Of `name:80` and `[::1]:80`. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

function unknownHost(host: string): string {
  const name = nameOf(host);
  return `the dashboard does not answer to the name "${name}"; start lb-control-plane with --dashboard-host ${name || 'NAME'} if it should, or use an IP address`;
}

/** With TLS that ends in front of us the page is an https one. */
function isOriginOf(origin: string, host: string): boolean {
  return ['http', 'https'].some((scheme) => origin.toLowerCase() === `${scheme}://${host}`.toLowerCase());
}
