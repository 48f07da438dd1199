/**
 * Prints what proxies cost a control plane whose backends are all idle, as JSON: `fleet-memory.js PROXIES BACKENDS`, with
 * node --expose-gc. Memory is that of the heap and of typed arrays; the time is that of the first report of a proxy.
 */
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { encodeReport } from '../../core/wire/report-codec.ts';
import { buildFirstReports } from '../../data-plane/reporting/report-builder.ts';
import { StatsRig } from '../../harness/control-plane/stats-rig.ts';
import { backendObservation, NO_OBSERVATION } from '../../harness/worker/observations.ts';
import { backendAddresses } from '../measure/busy-backends.ts';
import { threadCpuClock } from '../measure/thread-cpu.ts';

const proxies = Number(process.argv[2] ?? 100);
const backends = Number(process.argv[3] ?? 10_000);

function usedBytes(): number {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const idle = backendAddresses(backends).map(
  (address) => [`web/${address}`, backendObservation(address)] as const,
);
const messages = Array.from(
  buildFirstReports({ id: 'proxy' }, { ...NO_OBSERVATION, backends: new Map(idle) }),
  encodeReport,
);
const { requestDeserialize } = loadDefinitions().services.reports.StreamReports;
const rig = new StatsRig();
const cpu = threadCpuClock();
const beforeBytes = usedBytes();
const startMs = cpu();
for (let index = 0; index < proxies; index += 1) {
  const session = rig.connect(`proxy-${index}`);
  for (const message of messages) session.report(requestDeserialize(message));
}
const firstReportMs = Math.round((cpu() - startMs) / proxies);
const bytesPerProxy = Math.round((usedBytes() - beforeBytes) / proxies);
const known = rig.fleet.list().length;
console.log(JSON.stringify({ proxies: known, backends, bytesPerProxy, firstReportMs }));
