/**
 * Prints what a control plane spends each second on the figures of a fleet at which nobody looks, as JSON:
 * `fold-costs.js PROXIES BACKENDS`. Every proxy reports that every backend had traffic; all of it is CPU of one thread.
 */
import { encodeReport } from '../../core/wire/report-codec.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { buildReports } from '../../data-plane/reporting/report-builder.ts';
import { Fleet, type ReportSession } from '../../control-plane/fleet/fleet.ts';
import { NO_OBSERVATION } from '../../harness/worker/observations.ts';
import { NOBODY, proxyInfo } from '../../harness/control-plane/reports.ts';
import { stateOf } from '../../harness/state.ts';
import { StatsRig } from '../../harness/control-plane/stats-rig.ts';
import { backendAddresses, busyBackends } from '../measure/busy-backends.ts';
import { threadCpuClock } from '../measure/thread-cpu.ts';
import { median } from '../report/statistics.ts';

/** The first ones are for the compiler, and until the window is full. */
const WARM_UP_S = 15;
const SECONDS = 30;

const proxies = Number(process.argv[2] ?? 10);
const backends = Number(process.argv[3] ?? 1_000);
const cpu = threadCpuClock();

function timed<T>(action: () => T): readonly [tookMs: number, result: T] {
  const startMs = cpu();
  const result = action();
  return [cpu() - startMs, result];
}

const rig = new StatsRig();
const addresses = backendAddresses(backends);
rig.configure(
  stateOf([{ kind: 'pool', value: { name: 'web', backends: addresses.map((address) => ({ address })) } }]),
);
const ids = Array.from({ length: proxies }, (_, index) => `proxy-${index}`);
const folding = ids.map((id) => rig.connect(id));
// What a report costs without figures.
const fleet = new Fleet(rig.clock);
const counting = ids.map((id) => fleet.connect(proxyInfo(id), NOBODY));

const { requestDeserialize } = loadDefinitions().services.reports.StreamReports;
const took: { decodeMs: number; rosterMs: number; foldMs: number; keepMs: number }[] = [];
let before = NO_OBSERVATION;
for (let second = 0; second < WARM_UP_S + SECONDS; second += 1) {
  const now = busyBackends(addresses, second);
  const messages = Array.from(buildReports(before, now), encodeReport);
  before = now;
  const [decodeMs, reports] = timed(() => ids.map(() => messages.map((bytes) => requestDeserialize(bytes))));
  const reportTo = (sessions: readonly ReportSession[]) => () => {
    for (const [index, session] of sessions.entries())
      for (const each of reports[index]!) session.report(each);
  };
  const [rosterMs] = timed(reportTo(counting));
  const [withFiguresMs] = timed(reportTo(folding));
  // Every fifth second a frame is kept.
  const [keepMs] = timed(() => rig.clock.advance(1_000));
  if (second < WARM_UP_S) continue;
  took.push({ decodeMs, rosterMs, foldMs: withFiguresMs - rosterMs, keepMs });
}
const rounded = (ms: number) => Math.round(ms * 10) / 10;
const [decodeMs, rosterMs, foldMs] = (['decodeMs', 'rosterMs', 'foldMs'] as const).map((what) =>
  rounded(median(took.map((each) => each[what]))),
);
const keepMs = rounded(median(took.map((each) => each.keepMs).filter((_, second) => (second + 1) % 5 === 0)));
console.log(JSON.stringify({ proxies, backends, decodeMs, rosterMs, foldMs, keepMs }));
