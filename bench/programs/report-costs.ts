/**
 * Prints what a report in which 10,000 backends changed costs a proxy's main thread, as JSON: `report-costs.js REPLICAS`.
 * The replicas are other processes that take everything and do nothing with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { systemClock } from '../../core/runtime/clock.ts';
import { silentLogger } from '../../core/runtime/logger.ts';
import { systemRandom } from '../../core/runtime/random.ts';
import { connectReplica } from '../../core/wire/clients.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import type { StreamReportsResponse } from '../../core/wire/generated/lb/v1/StreamReportsResponse.ts';
import { Reporter } from '../../data-plane/reporting/reporter.ts';
import type { Observation } from '../../data-plane/telemetry/observation.ts';
import { backendAddresses, busyBackends } from '../measure/busy-backends.ts';
import { threadCpuClock } from '../measure/thread-cpu.ts';
import { median } from '../report/statistics.ts';

const BACKENDS = 10_000;
const REPORTS = 15;
/** The first ones are for the compiler. */
const WARM_UP = 5;
/** In the last message of a report, and only there. */
const MARK = 'the-end-of-a-report';

function observation(round: number): Observation {
  const violations = [{ field: MARK, description: String(round) }];
  const position = { storeId: 'store', version: 1, revision: 1, hash: 'hash', replaces: [] };
  const busy = busyBackends(backendAddresses(BACKENDS), round);
  return { ...busy, applied: { ...busy.applied, rejected: { position, violations } } };
}

async function replica(): Promise<void> {
  const server = new Server();
  const { StreamReports } = loadDefinitions().services.reports;
  const definition = { StreamReports: { ...StreamReports, requestDeserialize: (bytes: Buffer) => bytes } };
  let bytes = 0;
  server.addService(definition, {
    StreamReports(call: ServerDuplexStream<Buffer, StreamReportsResponse>) {
      // A proxy reports once its replica has said which one it is.
      call.write({ storeAgeMs: '0' });
      call.on('data', (message: Buffer) => {
        bytes += message.length;
        if (!message.includes(MARK)) return;
        process.send?.(bytes);
        bytes = 0;
      });
    },
  });
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_error, port) => process.send?.(port));
}

/** The longest that the event loop was away since the last call, in milliseconds. */
function longestTurn(): () => number {
  let longest = 0;
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1).unref();
  return () => {
    const found = longest;
    longest = 0;
    last = performance.now();
    return found;
  };
}

async function measure(replicas: number): Promise<void> {
  const children: ChildProcess[] = [];
  const addresses: string[] = [];
  for (let index = 0; index < replicas; index += 1) {
    const child = fork(fileURLToPath(import.meta.url), ['replica']);
    const [port] = (await once(child, 'message')) as [number];
    children.push(child);
    addresses.push(`127.0.0.1:${port}`);
  }
  const taken = () => Promise.all(children.map((child) => once(child, 'message') as Promise<[number]>));
  let round = 0;
  const observations = [observation(0), observation(1)];
  const reporter = new Reporter({
    replicas: addresses.map((address) => connectReplica(address)),
    proxy: { id: 'proxy' },
    observe: () => observations[round % 2]!,
    onReplica: () => {},
    // Without the report of each second: those measured here are urgent.
    clock: {
      ...systemClock,
      after: (delayMs, action) => systemClock.after(delayMs === 1_000 ? 1e9 : delayMs, action),
    },
    random: systemRandom,
    logger: silentLogger,
  });
  const cpu = threadCpuClock();
  const longest = longestTurn();
  let everybody = taken();
  reporter.start();
  await everybody;
  const results: { cpuMs: number; longestMs: number; wallMs: number; bytes: number }[] = [];
  for (round = 1; round <= REPORTS; round += 1) {
    everybody = taken();
    longest();
    const [startMs, startCpuMs] = [performance.now(), cpu()];
    reporter.wake();
    const [[bytes] = [0]] = await everybody;
    const result = {
      cpuMs: cpu() - startCpuMs,
      longestMs: longest(),
      wallMs: performance.now() - startMs,
      bytes,
    };
    if (round > WARM_UP) results.push(result);
  }
  const medianOf = (field: keyof (typeof results)[0]) =>
    Math.round(median(results.map((each) => each[field])) * 10) / 10;
  const [cpuMs, longestMs, wallMs] = [medianOf('cpuMs'), medianOf('longestMs'), medianOf('wallMs')];
  console.log(JSON.stringify({ replicas, cpuMs, longestMs, wallMs, bytes: medianOf('bytes') }));
  for (const child of children) child.kill();
  process.exit();
}

if (process.argv[2] === 'replica') await replica();
else await measure(Number(process.argv[2] ?? 1));
