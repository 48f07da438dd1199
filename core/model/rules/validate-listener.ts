/** The rules of a listener by itself. What its pools and the other listeners have to do with it is in validate.ts. */
import { parseAddress } from '../address.ts';
import { FIELDS } from '../fields/resource-fields.ts';
import { validateFields } from '../fields/validate-fields.ts';
import type { Listener, ListenerTls, Route } from '../resources.ts';
import type { Violation } from '../violation.ts';
import { readAuthorities } from './pem.ts';

/** Every violation of a listener except that of its name; `at` is its path. */
export function validateListener(listener: Listener, at: string): Violation[] {
  const { routes = [], tls } = listener;
  return [
    ...validateFields(FIELDS.listener, listener, at),
    ...validateFamily(listener, at),
    ...routes.flatMap((route, index) => validateRoute(route, `${at}.routes[${index}]`)),
    ...validateRoutes(routes, `${at}.routes`),
    ...(tls ? validateTls(tls, `${at}.tls`) : []),
    ...validateLists(listener, at),
  ];
}

function validateFamily({ address, ipv6Only }: Listener, at: string): Violation[] {
  const parsed = parseAddress(address, 'listener');
  if (!ipv6Only || !parsed.ok || parsed.value.family === 6) return [];
  const description = `is for IPv6 addresses, and ${address} is none; leave it out, or write an address such as [::]:80`;
  return [{ field: `${at}.ipv6_only`, description }];
}

function validateRoute({ serverNames, alpn }: Route, at: string): Violation[] {
  if (serverNames.length > 0 || alpn.length > 0) return [];
  const description =
    'has neither server_names nor alpn, so it would take every connection; name what it takes, or make its pool that of the listener';
  return [{ field: at, description }];
}

/** No name may lead to two pools. */
function validateRoutes(routes: readonly Route[], at: string): Violation[] {
  /** By name; '' of routes for any name. */
  const byName = new Map<string, { readonly alpn: readonly string[]; readonly index: number }[]>();
  return routes.flatMap(({ serverNames, alpn }, index) => {
    const names: readonly (readonly [string, string])[] =
      serverNames.length === 0
        ? [['', `${at}[${index}]`]]
        : serverNames.map((name, nth) => [name, `${at}[${index}].server_names[${nth}]`]);
    return names.flatMap(([name, field]): Violation[] => {
      const others = byName.get(name) ?? [];
      byName.set(name, [...others, { alpn, index }]);
      const other = others.find((one) => one.index !== index && meet(one.alpn, alpn));
      if (other === undefined) return [];
      const what = name === '' ? 'any name' : `"${name}"`;
      const description = `${what} is taken by routes[${other.index}] already, for the same protocols; give it to one route`;
      return [{ field, description }];
    });
  });
}

/** A route for a protocol goes before one for any. */
function meet(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0) return one.length === other.length;
  return one.some((protocol) => other.includes(protocol));
}

function validateTls({ certificates, clientCa, clientCertificate }: ListenerTls, at: string): Violation[] {
  const violations: Violation[] = [];
  if (certificates.length === 0) {
    const description =
      'is empty, and TLS can’t be terminated without a certificate; name at least one of the folder --certificates';
    violations.push({ field: `${at}.certificates`, description });
  }
  const read = clientCa === '' ? { ok: true as const } : readAuthorities(clientCa);
  if (!read.ok) violations.push({ field: `${at}.client_ca`, description: read.description });
  const wantsCertificate = clientCertificate !== 'none';
  if (wantsCertificate === (clientCa !== '')) return violations;
  const description = wantsCertificate
    ? `is empty, and with client_certificate: ${clientCertificate} a proxy must know whose certificates to accept; write the authorities as PEM`
    : 'is never used, because client_certificate is none; make that optional or required, or leave this out';
  return [...violations, { field: `${at}.client_ca`, description }];
}

function validateLists({ allow = [], deny = [] }: Listener, at: string): Violation[] {
  const denied = new Set(deny);
  return allow.flatMap((network, index) => {
    if (!denied.has(network)) return [];
    const description = `"${network}" is in deny, too; keep it in one of the lists`;
    return [{ field: `${at}.allow[${index}]`, description }];
  });
}
