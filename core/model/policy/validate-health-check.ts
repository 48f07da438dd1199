/**
 * The rules for what only some types of health checks have: an HTTP request, a TLS handshake, a script.
 * A check that could never pass, or never fail, is refused here; so is text that would become part of another header.
 */
import { X509Certificate } from 'node:crypto';
import {
  CHECK_PARTS,
  type HealthCheck,
  type HttpCheck,
  type ScriptStep,
  type TlsCheck,
} from '../resources.ts';
import { validateName, validateWord } from '../validate-field.ts';
import type { Violation } from '../violation.ts';
import { readExpectation, readStatus, readText } from './check-text.ts';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'];
const MAX_STEPS = 16;
const MAX_STATUSES = 16;
const MAX_TEXT_BYTES = 1_024;
const MAX_CA_BYTES = 16_384;

/** Every violation of these parts; `at` is the path of the health check. */
export function validateParts(check: HealthCheck, at: string): Violation[] {
  const { http, tls, script } = check;
  return [
    ...partsThatAreElsewhere(check, at),
    ...(http ? validateHttp(http, `${at}.http`) : []),
    ...(tls ? validateTls(tls, `${at}.tls`) : []),
    ...(check.type === 'script' || script ? validateScript(script ?? [], `${at}.script`) : []),
  ];
}

function partsThatAreElsewhere(check: HealthCheck, at: string): Violation[] {
  return (['http', 'tls', 'script'] as const).flatMap((part) => {
    if (check[part] === undefined || CHECK_PARTS[check.type].includes(part)) return [];
    const types = Object.entries(CHECK_PARTS).flatMap(([type, parts]) =>
      parts.includes(part) ? [type] : [],
    );
    const description = `is only for a check of type ${types.join(', ')}, and this one is ${check.type}; leave it out, or change the type`;
    return [{ field: `${at}.${part}`, description }];
  });
}

function validateHttp({ method, path, host, status, body }: HttpCheck, at: string): Violation[] {
  const violations = [
    ...validateWord(`${at}.method`, 'method of a check', method, METHODS),
    ...tooLong(`${at}.path`, path),
    ...tooLong(`${at}.body`, body),
    ...status.flatMap((range, index) => {
      const read = readStatus(range);
      return read.ok ? [] : [{ field: `${at}.status[${index}]`, description: read.description }];
    }),
  ];
  const add = (field: string, description: string) => {
    violations.push({ field: `${at}.${field}`, description });
  };
  if (!/^\/[!-~]*$/.test(path)) {
    add(
      'path',
      `is ${shown(path)}; it begins with / and has no blanks, control characters or letters beyond ASCII: write these as %HH`,
    );
  }
  if (!/^[-A-Za-z0-9._:[\]]{0,253}$/.test(host)) {
    add(
      'host',
      `is ${shown(host)}; write a host name or an address, and a port if need be, such as www.example.com:8080`,
    );
  }
  if (status.length > MAX_STATUSES)
    add('status', `has ${status.length} ranges; at most ${MAX_STATUSES} are allowed`);
  if (method === 'HEAD' && body !== '') {
    add('body', 'can never be found, because an answer to HEAD has no body; use GET, or leave it out');
  }
  return violations;
}

function validateTls({ serverName, ca }: TlsCheck, at: string): Violation[] {
  const violations: Violation[] = [];
  const isName = serverName.length <= 253 && serverName.split('.').every((label) => LABEL.test(label));
  // TLS has no way to ask for an address.
  if (serverName !== '' && (!isName || /^[\d.]+$/.test(serverName))) {
    const description = `is ${shown(serverName)}; write a host name, such as db.example.com, or leave it out to check the certificate by the backend's IP address`;
    violations.push({ field: `${at}.server_name`, description });
  }
  const wrong = ca === '' ? undefined : whatIsWrongWithCa(ca);
  if (wrong !== undefined) violations.push({ field: `${at}.ca`, description: wrong });
  return violations;
}

const LABEL = /^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/;

function whatIsWrongWithCa(ca: string): string | undefined {
  const bytes = Buffer.byteLength(ca);
  if (bytes > MAX_CA_BYTES) return `has ${bytes} bytes; at most ${MAX_CA_BYTES} are allowed`;
  const certificates = ca.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const what =
    'write the certificates themselves, -----BEGIN CERTIFICATE----- included, not the name of a file';
  if (certificates.length === 0) return `has no PEM certificate; ${what}`;
  const damaged = certificates.findIndex((pem) => !isCertificate(pem));
  return damaged < 0
    ? undefined
    : `has a certificate that can't be read, number ${damaged + 1} of ${certificates.length}; ${what}`;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

function validateScript(steps: readonly ScriptStep[], at: string): Violation[] {
  const violations = steps
    .slice(0, MAX_STEPS)
    .flatMap((step, index) => validateStep(step, `${at}[${index}]`));
  if (steps.length > MAX_STEPS) {
    violations.push({
      field: at,
      description: `has ${steps.length} steps; at most ${MAX_STEPS} are allowed`,
    });
  }
  if (!steps.some((step) => 'expect' in step)) {
    const what =
      steps.length === 0 ? 'has no steps' : 'expects nothing, so it would pass whatever the server answers';
    const description = `${what}; add a step such as expect: "+PONG"`;
    violations.push({ field: at, description });
  }
  return violations;
}

function validateStep(step: ScriptStep, at: string): Violation[] {
  if ('sendSecret' in step) return validateName(`${at}.send_secret`, step.sendSecret);
  const [kind, text] = Object.entries(step)[0] ?? [];
  if (kind === undefined || text === undefined) {
    return [{ field: at, description: 'says nothing; use one of send, expect, send_secret' }];
  }
  const field = `${at}.${kind}`;
  if (text === '') return [{ field, description: 'is empty; write the text' }];
  if (/[^\0-\x7f]/.test(text)) {
    const description = `has ${shown(text.match(/[^\0-\x7f]/)?.[0] ?? '')}, and which bytes that is differs from server to server; write each byte as \\xHH (in YAML, in single quotes or without)`;
    return [{ field, description }];
  }
  const read = kind === 'expect' ? readExpectation(text) : readText(text);
  return [...tooLong(field, text), ...(read.ok ? [] : [{ field, description: read.description }])];
}

function tooLong(field: string, text: string): Violation[] {
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_TEXT_BYTES) return [];
  return [{ field, description: `has ${bytes} bytes; at most ${MAX_TEXT_BYTES} are allowed` }];
}

/** Control characters of a wrong value must not reach a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
