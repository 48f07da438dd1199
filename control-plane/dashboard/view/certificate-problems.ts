/** What is wrong with the certificates of the proxies, in words. Pure. */
import { counted, isoTimeOf } from '../../../core/view/figures.ts';
import type { ReportedCertificate } from '../../../core/view/reports.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { earliest, type Problem, problem } from './problem.ts';

const DAY_MS = 24 * 60 * 60_000;
/** As the alert does. */
const CERTIFICATE_ENDS_MS = 14 * DAY_MS;

/** Where a proxy has no certificate at all, its listener has a problem. */
export function ofCertificates({ proxies, certificates }: FleetSummary, nowMs: number): readonly Problem[] {
  const byCertificate = new Map<string, ReportedCertificate[]>();
  for (const one of certificates) byCertificate.set(one.name, [...(byCertificate.get(one.name) ?? []), one]);
  return [...byCertificate].flatMap(([name, all]) => {
    const ending = all.filter(({ expiresAtMs }) => (expiresAtMs ?? Infinity) < nowMs + CERTIFICATE_ENDS_MS);
    const failed = all.filter(({ expiresAtMs, problem: why }) => why !== '' && expiresAtMs !== null);
    return [...endingProblem(name, ending, proxies, nowMs), ...reloadProblem(name, failed)];
  });
}

function endingProblem(
  name: string,
  ending: readonly ReportedCertificate[],
  proxies: number,
  nowMs: number,
): readonly Problem[] {
  const firstMs = earliest(ending.map(({ expiresAtMs }) => expiresAtMs));
  if (firstMs === null) return [];
  const days = Math.floor((firstMs - nowMs) / DAY_MS);
  const [one] = ending;
  const where =
    ending.length === 1
      ? `proxy ${one?.proxy}`
      : `${ending.length} of ${counted(proxies, 'proxy', 'proxies')}`;
  const what = `Certificate ${name} ${firstMs < nowMs ? 'has expired' : `ends in ${counted(days, 'day')}`} on ${where}`;
  const why = ending.slice(0, 3).map(({ proxy, expiresAtMs }) => `${proxy}: ${isoTimeOf(expiresAtMs)}`);
  const pages = ending.map(({ proxy }) => `proxies/${proxy}`);
  const severity = firstMs < nowMs ? 'critical' : 'warning';
  return [problem(`certificate/${name}`, severity, what, why, { pages, cause: 'certificates end soon' })];
}

function reloadProblem(name: string, failed: readonly ReportedCertificate[]): readonly Problem[] {
  if (failed.length === 0) return [];
  const what = `The new file of certificate ${name} can't be used: the one before stays in use`;
  const why = failed.slice(0, 3).map(({ proxy, problem: reason }) => `${proxy}: ${reason}`);
  const pages = failed.map(({ proxy }) => `proxies/${proxy}`);
  return [
    problem(`certificate-file/${name}`, 'warning', what, why, {
      pages,
      cause: "certificates can't be read again",
    }),
  ];
}
