/**
 * Names of hosts: those that TLS clients ask for, exact or with a wildcard, and those that backends are looked up by.
 * The canonical form is in lower case, without the dot that may end a name.
 */
import type { Read } from './fields/field.ts';
import { parseIp } from './ip.ts';

const LABEL = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/;
/** What DNS and TLS can carry. */
const MAX_LENGTH = 253;
const WILDCARD = '*.';

/** `a.example.com`, or `*.example.com` for every name that ends so, with one or more labels before. */
export function readServerName(text: string): Read<string> {
  const name = canonicalName(text);
  const isWildcard = name.startsWith(WILDCARD);
  const rest = isWildcard ? name.slice(WILDCARD.length) : name;
  if (rest.includes('*')) {
    return refused(text, 'has a * that is not the whole first label; write *.example.com, or each name');
  }
  return checked(
    text,
    rest,
    isWildcard ? name : rest,
    'write a name such as db.example.com or *.example.com',
  );
}

/** The name of one host, or nothing. */
export function readHostName(text: string): Read<string> {
  if (text === '') return { ok: true, value: text };
  const name = canonicalName(text);
  return checked(text, name, name, 'write a host name, such as db.example.com, or leave it out');
}

/** A name that is looked up: `db.example.com:5432`, or without a port `_pg._tcp.example.com`, for records of the type SRV. */
export function readDnsName(text: string): Read<string> {
  const [, host = '', port] = /^(.*?)(?::([^:]*))?$/s.exec(text) ?? [];
  const name = canonicalName(host);
  const advice = 'write a name and a port, such as db.example.com:5432, or a name alone for SRV records';
  if (parseIp(text) !== null || parseIp(host.replace(/^\[|\]$/g, '')) !== null) {
    return refused(text, 'is an IP address; put it into backends');
  }
  if (port !== undefined && !(/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535)) {
    return refused(text, `has a port that is not a number from 1 to 65535; ${advice}`);
  }
  if (port === undefined && !/^_[^.]+\._[^.]+\../.test(name)) {
    return refused(
      text,
      `has no port, and is no name of SRV records such as _pg._tcp.example.com; ${advice}`,
    );
  }
  return checked(text, name, port === undefined ? name : `${name}:${port}`, advice);
}

/** Whether a canonical pattern covers a canonical name. */
export function coversName(pattern: string, name: string): boolean {
  return pattern.startsWith(WILDCARD) ? name.endsWith(pattern.slice(1)) : pattern === name;
}

/** A name as it is compared, whether or not it is one. */
export function canonicalName(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}

function checked(text: string, name: string, value: string, advice: string): Read<string> {
  // TLS has no way to ask for an address.
  if (parseIp(name) !== null || /^[\d.]+$/.test(name)) return refused(text, `is an IP address; ${advice}`);
  const isName = name.length <= MAX_LENGTH && name.split('.').every((label) => LABEL.test(label));
  return isName ? { ok: true, value } : refused(text, `is not a host name; ${advice}`);
}

function refused(text: string, what: string): Read<string> {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return { ok: false, description: `${JSON.stringify(shown)} ${what}` };
}
