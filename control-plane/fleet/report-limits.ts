/**
 * What a proxy may say. A proxy that lies, or is broken, must not fill the memory of a control plane or falsify what others
 * report: who it is must be short and plain, or its stream is refused; what it reports is cut, or dropped and counted. Pure.
 */
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import { LIMITS, MAX_LENGTH, validateLength } from '../../core/model/limits.ts';
import { printable } from '../../core/runtime/printable.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Timestamp__Output } from '../../core/wire/generated/google/protobuf/Timestamp.ts';
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';

/** Values that were dropped because they can't be. */
export interface DroppedValues {
  count: number;
}

/** A host name and its port are the longest of these. */
const MAX_WORD = 300;
const MAX_ADDRESS = 64;
/** Of all other texts. */
const MAX_TEXT = 500;
const MOST = {
  ownBackends: 256,
  failedListeners: LIMITS.listeners,
  certificates: 1_000,
  violations: 100,
} as const;
/** A petabyte within one report. */
const MAX_INCREASE = 2 ** 50;
/** The end of the year 9999. Texts can't be made of later times. */
const MAX_SECONDS = 253_402_300_799;
const TOTALS = [
  'connectionsTotal',
  'connectFailuresTotal',
  'bytesToBackendTotal',
  'bytesFromBackendTotal',
  'bytesFromClientsTotal',
  'bytesToClientsTotal',
  'wouldBeLimitedTotal',
] as const;
const REASONS: ReadonlySet<string> = new Set(CLOSE_REASONS);

/** Letters, digits and punctuation of ASCII: what ids, zones, versions and addresses consist of. */
const PLAIN = /^[\x21-\x7e]*$/;

export function proxyViolations(info: ProxyInfo__Output): Violation[] {
  const words = [
    ['id', info.id, MAX_LENGTH.proxyId],
    ['instance_id', info.instanceId, MAX_LENGTH.instanceId],
    ['zone', info.zone, MAX_LENGTH.zone],
    ['version', info.version, MAX_WORD],
    ['engine', info.engine, MAX_WORD],
    ['admin_address', info.adminAddress, MAX_WORD],
  ] as const;
  const violations = words.flatMap(([name, text, max]) => {
    const field = `proxy.${name}`;
    const long = validateLength(field, text, max);
    if (long.length > 0 || PLAIN.test(text)) return long;
    return [{ field, description: 'has a space, a control character or one that is not ASCII' }];
  });
  for (const field of ['id', 'instance_id'] as const) {
    const value = field === 'id' ? info.id : info.instanceId;
    if (value === '') violations.push({ field: `proxy.${field}`, description: 'is missing' });
  }
  if (!isTimeOrNone(info.startedAt)) {
    violations.push({ field: 'proxy.started_at', description: 'is not between the years 1970 and 9999' });
  }
  return violations;
}

/** Cuts the texts of a report, and drops what can't be counted. Changes the report. */
export function limitReport(request: StreamReportsRequest__Output, dropped: DroppedValues): void {
  const { applied, process } = request;
  const kept = <T>(all: T[], isRight: (one: T) => boolean): T[] => {
    const right = all.filter(isRight);
    dropped.count += all.length - right.length;
    return right;
  };
  request.backends = kept(request.backends, ({ backend: b }) => isNamed(b?.pool) && isNamed(b?.address));
  request.listeners = kept(request.listeners, ({ listener }) => isNamed(listener));
  request.queues = kept(request.queues, ({ pool }) => isNamed(pool));
  request.pools = kept(request.pools, (one) => isNamed(one.pool) && isTimeOrNone(one.servingSince));
  for (const report of request.backends) {
    cutIn(report, 'reason');
    limitTotals(report, dropped);
    if (isTimeOrNone(report.since)) continue;
    report.since = null;
    dropped.count += 1;
  }
  for (const report of request.listeners) {
    limitTotals(report, dropped);
    limitReasons(report.closedTotal, dropped);
  }
  if (process !== null) process.cpuSecondsTotal = plausibleIncrease(process.cpuSecondsTotal, dropped);
  if (applied !== null) limitApplied(applied);
}

function limitReasons(closedTotal: Record<string, string>, dropped: DroppedValues): void {
  for (const [reason, total] of Object.entries(closedTotal)) {
    if (REASONS.has(reason) && isTotal(total)) continue;
    delete closedTotal[reason];
    dropped.count += 1;
  }
}

function limitApplied(applied: AppliedSnapshot__Output): void {
  const violations = applied.rejected?.violations ?? [];
  cutIn(applied, 'snapshotHash');
  applied.ownBackends = applied.ownBackends.filter(isAddress).slice(0, MOST.ownBackends);
  applied.failedListeners.splice(MOST.failedListeners);
  applied.certificates.splice(MOST.certificates);
  violations.splice(MOST.violations);
  for (const failed of applied.failedListeners) cutIn(failed, 'listener', 'address', 'reason');
  for (const certificate of applied.certificates) {
    cutIn(certificate, 'name', 'problem');
    if (!isTimeOrNone(certificate.expiresAt)) certificate.expiresAt = null;
  }
  for (const violation of violations) cutIn(violation, 'field', 'description');
  for (const position of [applied.position, applied.rejected?.position]) {
    if (!position) continue;
    cutIn(position, 'storeId', 'hash');
    // Nobody asks a proxy which stores its own one took the place of.
    position.replaces = [];
  }
}

/** What a counter can have grown by; 0 for what it can't. */
export function plausibleIncrease(value: number, dropped: DroppedValues): number {
  if (value >= 0 && value <= MAX_INCREASE) return value;
  dropped.count += 1;
  return 0;
}

function limitTotals(report: { [total in (typeof TOTALS)[number]]?: string }, dropped: DroppedValues): void {
  for (const field of TOTALS) {
    const total = report[field];
    if (total === undefined || isTotal(total)) continue;
    report[field] = '0';
    dropped.count += 1;
  }
}

function isTimeOrNone(time: Timestamp__Output | null): boolean {
  return time === null || (Number(time.seconds) >= 0 && Number(time.seconds) <= MAX_SECONDS);
}

function isAddress(text: string): boolean {
  return text !== '' && text.length <= MAX_ADDRESS && PLAIN.test(text);
}

function isNamed(name = ''): boolean {
  return name !== '' && name.length <= MAX_WORD;
}

function isTotal(text: string): boolean {
  const total = Number(text);
  return total >= 0 && total <= Number.MAX_SAFE_INTEGER;
}

function cutIn<Field extends string>(texts: Record<Field, string>, ...fields: Field[]): void {
  for (const field of fields) {
    const text = texts[field];
    texts[field] = printable(text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`);
  }
}
