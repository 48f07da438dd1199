/**
 * What a proxy may say. A proxy that lies, or is broken, must not fill the memory of a control plane or falsify what others
 * report: who it is must be short and plain, or its stream is refused; what it reports is cut, or dropped and counted. Pure.
 */
import { CLOSE_REASONS } from '../../core/wire/close-reasons.ts';
import { LIMITS, MAX_LENGTH, validateLength } from '../../core/model/limits.ts';
import { printable } from '../../core/runtime/printable.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { ProxyInfo__Output } from '../../core/wire/generated/lb/v1/ProxyInfo.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';

/** Values that were dropped because they can't be. */
export interface DroppedValues {
  count: number;
}

/** A host name and its port are the longest of these. */
const MAX_WORD = 300;
/** Of a reason or a violation. */
const MAX_TEXT = 500;
/** A petabyte within one report. */
const MAX_INCREASE = 2 ** 50;
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
  return violations;
}

/** Cuts the texts of a report, and drops what can't be counted. Changes the report. */
export function limitReport(request: StreamReportsRequest__Output, dropped: DroppedValues): void {
  const { applied, process } = request;
  const isNamed = (name = '') => name !== '' && name.length <= MAX_WORD;
  const named = request.backends.length + request.listeners.length;
  request.backends = request.backends.filter(
    ({ backend }) => isNamed(backend?.pool) && isNamed(backend?.address),
  );
  request.listeners = request.listeners.filter(({ listener }) => isNamed(listener));
  const { backends, listeners } = request;
  dropped.count += named - backends.length - listeners.length;
  for (const report of backends) {
    report.reason = cut(report.reason);
    limitTotals(report, BACKEND_TOTALS, dropped);
  }
  for (const report of listeners) {
    limitTotals(report, LISTENER_TOTALS, dropped);
    for (const [reason, total] of Object.entries(report.closedTotal)) {
      if (REASONS.has(reason) && isTotal(total)) continue;
      delete report.closedTotal[reason];
      dropped.count += 1;
    }
  }
  if (applied !== null) {
    applied.ownBackends = applied.ownBackends.filter(isNamed).slice(0, MAX_OWN_BACKENDS);
    applied.failedListeners.splice(LIMITS.listeners);
    for (const failed of applied.failedListeners) failed.reason = cut(failed.reason);
    const violations = applied.rejected?.violations ?? [];
    violations.splice(MAX_VIOLATIONS);
    for (const violation of violations) {
      violation.field = cut(violation.field);
      violation.description = cut(violation.description);
    }
  }
  if (process !== null && !(process.cpuSecondsTotal >= 0 && process.cpuSecondsTotal < MAX_INCREASE)) {
    process.cpuSecondsTotal = 0;
    dropped.count += 1;
  }
}

const MAX_VIOLATIONS = 100;
const MAX_OWN_BACKENDS = 256;
const BACKEND_TOTALS = [
  'connectionsTotal',
  'connectFailuresTotal',
  'bytesToBackendTotal',
  'bytesFromBackendTotal',
] as const;
const LISTENER_TOTALS = ['connectionsTotal', 'bytesFromClientsTotal', 'bytesToClientsTotal'] as const;

/** What a counter can have grown by; 0 for what it can't. */
export function plausibleIncrease(value: number, dropped: DroppedValues): number {
  if (value >= 0 && value <= MAX_INCREASE) return value;
  dropped.count += 1;
  return 0;
}

function limitTotals<Field extends string>(
  report: Record<Field, string>,
  fields: readonly Field[],
  dropped: DroppedValues,
): void {
  for (const field of fields) {
    if (isTotal(report[field])) continue;
    report[field] = '0';
    dropped.count += 1;
  }
}

function isTotal(text: string): boolean {
  const total = Number(text);
  return total >= 0 && total <= Number.MAX_SAFE_INTEGER;
}

function cut(text: string): string {
  return printable(text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}…`);
}
