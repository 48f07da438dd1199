/**
 * The rules for what only some types of health checks have: an HTTP request, a TLS handshake, a script.
 * A check that could never pass, or never fail, is refused here; so is text that would become part of another header.
 */
import {
  CHECK_PARTS,
  HEALTH_CHECK_TYPES,
  type HealthCheck,
  type HttpCheck,
  type ScriptStep,
  type TlsCheck,
} from '../resources.ts';
import type { Read } from '../fields/field.ts';
import { validateCount, validateName, validateWord } from '../fields/validate-fields.ts';
import { readAuthorities } from '../rules/pem.ts';
import type { Violation } from '../violation.ts';
import { readExpectation, readStatus, readText } from './check-text.ts';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'];
const MAX_STEPS = 16;
const MAX_STATUSES = 16;
const MAX_TEXT_BYTES = 1_024;

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
    const types = HEALTH_CHECK_TYPES.filter((type) => CHECK_PARTS[type].includes(part));
    const description = `is only for a check of type ${types.join(' or ')}, and this one is ${check.type}; leave it out, or change the type`;
    return unless(check[part] === undefined || types.includes(check.type), `${at}.${part}`, description);
  });
}

function validateHttp({ method, path, host, status, body }: HttpCheck, at: string): Violation[] {
  return [
    ...validateWord(`${at}.method`, 'method of a check', method, METHODS),
    ...tooLong(`${at}.path`, path),
    ...tooLong(`${at}.body`, body),
    ...status
      .slice(0, MAX_STATUSES)
      .flatMap((range, index) => refusedBy(readStatus(range), `${at}.status[${index}]`)),
    ...unless(
      /^\/[!-~]*$/.test(path),
      `${at}.path`,
      `is ${shown(path)}; it must begin with / and have no blanks, control characters or letters beyond ASCII: write these as %HH`,
    ),
    ...unless(
      /^[-A-Za-z0-9._:[\]]{0,253}$/.test(host),
      `${at}.host`,
      `is ${shown(host)}; write a host name or an address, and a port if need be, such as www.example.com:8080`,
    ),
    ...unless(
      method !== 'HEAD' || body === '',
      `${at}.body`,
      'can never be found, because an answer to HEAD has no body; use GET, or leave it out',
    ),
  ];
}

function validateTls({ serverName, ca }: TlsCheck, at: string): Violation[] {
  const isName = serverName.length <= 253 && serverName.split('.').every((label) => LABEL.test(label));
  // TLS has no way to ask for an address.
  const isAddress = /^[\d.]+$/.test(serverName);
  return [
    ...unless(
      serverName === '' || (isName && !isAddress),
      `${at}.server_name`,
      `is ${shown(serverName)}; write a host name, such as db.example.com, or leave it out to check the certificate by the backend's IP address`,
    ),
    ...(ca === '' ? [] : refusedBy(readAuthorities(ca), `${at}.ca`)),
  ];
}

const LABEL = /^[A-Za-z0-9_]([-A-Za-z0-9_]{0,61}[A-Za-z0-9_])?$/;

function validateScript(steps: readonly ScriptStep[], at: string): Violation[] {
  const what =
    steps.length === 0 ? 'has no steps' : 'expects nothing, so it would pass whatever the server answers';
  return [
    ...steps.slice(0, MAX_STEPS).flatMap((step, index) => validateStep(step, `${at}[${index}]`)),
    ...unless(
      steps.some((step) => 'expect' in step),
      at,
      `${what}; add a step such as expect: "+PONG"`,
    ),
  ];
}

function validateStep(step: ScriptStep, at: string): Violation[] {
  if ('sendSecret' in step) return validateName(`${at}.send_secret`, step.sendSecret);
  const [kind, text] = Object.entries(step)[0] ?? [];
  if (kind === undefined || text === undefined) {
    return [{ field: at, description: 'says nothing; use one of send, expect, send_secret' }];
  }
  const field = `${at}.${kind}`;
  if (text === '') return [{ field, description: 'is empty; write the text' }];
  // A text that is too long is not read: that could take minutes.
  const long = tooLong(field, text);
  if (long.length > 0) return long;
  const foreign = /[^\0-\x7f]/.exec(text)?.[0];
  if (foreign === undefined)
    return refusedBy(kind === 'expect' ? readExpectation(text) : readText(text), field);
  const description = `has ${shown(foreign)}, and which bytes that is differs from server to server; write each byte as \\xHH (in YAML, in single quotes or without)`;
  return [{ field, description }];
}

const unless = (isGood: boolean, field: string, description: string): Violation[] =>
  isGood ? [] : [{ field, description }];

const refusedBy = (read: Read<unknown>, field: string): Violation[] =>
  read.ok ? [] : [{ field, description: read.description }];

const tooLong = (field: string, text: string): Violation[] =>
  validateCount(field, Buffer.byteLength(text), MAX_TEXT_BYTES, 'bytes');

/** Control characters of a wrong value must not reach a terminal. */
function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
