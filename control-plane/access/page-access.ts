/**
 * Which HTTP requests are allowed. Pure except for the tokens, which may change.
 *
 * A browser sends requests on behalf of any page that its user has open. So a request with a host name that is not
 * configured is refused, because another site may have pointed its own name here, and changes are accepted only from our
 * own page.
 */
import { isIP } from 'node:net';
import { type HttpAnswer, type HttpHead, json } from '../../core/runtime/http-server.ts';
import type { AcceptedTokens } from '../../core/runtime/token-file.ts';
import { bearerOf } from './call-access.ts';

/** Open to probes and scrapers under any name. They show no configuration, only how the process is doing. */
const OPEN_PATHS: readonly string[] = ['/metrics', '/healthz', '/readyz'];
/** What shows or changes the fleet. All other paths are the files of the page, the same for everybody. */
export const API_PATHS = '/api/';

export interface PageAccess {
  /** Left out: no token is needed. */
  readonly tokens?: AcceptedTokens | undefined;
  /** Host names of the dashboard, besides `localhost` and addresses. */
  readonly hosts: readonly string[];
}

/** The refusal to answer with; null: the request is allowed. */
export function refusePage({ tokens, hosts }: PageAccess, head: HttpHead): HttpAnswer | null {
  const { path, method, headers } = head;
  if (OPEN_PATHS.includes(path)) return null;
  const host = headers.host ?? '';
  if (!isKnownHost(host, hosts)) return json(421, { error: unknownHost(host) });
  if (!path.startsWith(API_PATHS)) return null;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return json(403, { error: `the request came from a page of another site (Sec-Fetch-Site: ${site})` });
  }
  const refused = method === 'POST' ? refuseChange(head, host) : null;
  if (refused !== null) return refused;
  if (tokens === undefined || tokens.accepts(bearerOf(headers.authorization))) return null;
  const error =
    headers.authorization === undefined
      ? 'this control plane wants a token from its --token-file, as "Authorization: Bearer TOKEN"'
      : 'this control plane does not accept that token';
  return { ...json(401, { error }), headers: { 'www-authenticate': 'Bearer realm="Equipoise"' } };
}

function refuseChange({ headers }: HttpHead, host: string): HttpAnswer | null {
  const { origin } = headers;
  if (origin === undefined || !isOriginOf(origin, host)) {
    const from = origin === undefined ? 'no Origin' : `the Origin ${origin}`;
    const error = `changes are accepted only from the page at this address, and this request has ${from}; programs should use the gRPC API or lbctl`;
    return json(403, { error });
  }
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return null;
  return json(415, { error: 'changes must be sent as JSON, with Content-Type: application/json' });
}

/** An address always leads here; a name leads wherever its owner points it. */
function isKnownHost(host: string, hosts: readonly string[]): boolean {
  const name = nameOf(host).toLowerCase();
  return (
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    hosts.some((known) => known.toLowerCase() === name)
  );
}

/** The name or address in `name:80` or `[::1]:80`. */
function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

function unknownHost(host: string): string {
  const name = nameOf(host);
  return `the host name "${name}" is not configured for this dashboard; start lb-control-plane with --dashboard-host ${name || 'NAME'}, or use an IP address`;
}

/** The origin is an https one when TLS ends at a proxy in front of the control plane. */
function isOriginOf(origin: string, host: string): boolean {
  return ['http', 'https'].some((scheme) => origin.toLowerCase() === `${scheme}://${host}`.toLowerCase());
}
