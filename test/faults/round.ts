/** One fault run: a fleet, a script of faults, traffic and changes under it, then the judgement. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callUnary, connectReplica } from '../../core/wire/clients.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { resourceDraftToWire } from '../../core/wire/resource-codec.ts';
import { eventually, type Scope } from '../../harness/programs/processes.ts';
import { pause } from '../../harness/engine/tcp.ts';
import { type ProxyLog, readProxyLog } from './judgement/proxy-log.ts';
import { RecordingClient } from './recording-client.ts';
import { Clients } from './clients.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { FleetWatch } from './fleet-watch.ts';
import { inSeconds, nowMs } from './monotonic-time.ts';
import { type Call, describeCall, type ReadCall, type WriteCall } from './judgement/operation.ts';
import { GUESTS, judgeGuests, untilGuests } from './registrants.ts';
import { describeScript, drawScript, type Fault, type FleetShape } from './script.ts';
import { readStoreLog, type StoreLog } from './judgement/store-log.ts';
import { injectFaults } from './inject-faults.ts';
import { drainingSinceIn, verifyApplied, verifyConnections } from './judgement/verify-traffic.ts';
import { verifyLog, verifyOrder, verifyOutcomes, verifyStaleReads } from './judgement/verify-writes.ts';
import { SPARE, SPARE_ADDRESSES, WEB, Writers } from './writers.ts';

export interface RoundOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly writers: number;
  /** Later than that after all faults is a violation. */
  readonly convergeWithinMs: number;
  /** Gets the logs of all processes. */
  readonly folder: string;
}

export interface RoundReport {
  /** Empty: passed. */
  readonly violations: readonly string[];
  /** One line. */
  readonly summary: string;
}

export const SHAPE: FleetShape = { etcd: 3, 'control-plane': 3, proxy: 3, backend: 5, registrant: 3 };
const PROMISED_MS = 5_000;
/** Backends of the pool that nobody changes. */
const STEADY = 2;
const DRAIN_TIMEOUT_MS = 3_000;
const SETTLE_WITHIN_MS = 60_000;

export async function runRound(scope: Scope, options: RoundOptions): Promise<RoundReport> {
  const { seed, seconds, folder } = options;
  const script = drawScript(seed, seconds, SHAPE);
  const fleet = await startFleet(scope, SHAPE, folder);
  await declare(fleet);
  await allRun(fleet, 1, SETTLE_WITHIN_MS);
  for (const registrant of fleet.of('registrant')) registrant.start();
  const guests = fleet.of('registrant').map((_, index) => index);
  await untilGuests(fleet, guests, SETTLE_WITHIN_MS);
  const history: Call[] = [];
  const clients = new Clients(fleet.listener);
  const watch = new FleetWatch(fleet.replicas);
  const zeroMs = nowMs();
  const { replicas, backends } = fleet;
  const changing = backends.slice(STEADY);
  const writers = new Writers({ count: options.writers, seed, replicas, changing, history });
  try {
    const lastFaultMs = await injectFaults(fleet, script, zeroMs);
    writers.stop();
    const back = untilGuests(fleet, guests, SETTLE_WITHIN_MS).then(() => nowMs() - lastFaultMs);
    // It is awaited once the proxies have converged.
    back.catch(() => undefined);
    const settler = new RecordingClient('settler', replicas, history);
    const convergence = await converge(fleet, settler, lastFaultMs);
    await writers.stopped();
    await settle(fleet, settler, history);
    settler.close();
    const registrations = await judgeGuests(fleet, guests, await back, SETTLE_WITHIN_MS);
    const log = await readStoreLog(fleet.members[0] ?? '');
    await allRun(fleet, log.head.revision, SETTLE_WITHIN_MS);
    await watch.stop();
    await clients.stop();
    const proxies = await Promise.all(fleet.of('proxy').map(readProxyLog));
    const evidence = { fleet, script, history, clients, watch, proxies, log, zeroMs };
    const { violations, summary } = judge(options, evidence, convergence);
    return {
      violations: [...violations, ...registrations.violations],
      summary: `${summary}; ${registrations.summary}`,
    };
  } finally {
    await Promise.all([writers.stopped(), watch.stop(), clients.stop()]);
    keep(folder, script, history, clients, zeroMs);
  }
}

interface Evidence {
  readonly fleet: Fleet;
  readonly script: readonly Fault[];
  readonly history: readonly Call[];
  readonly clients: Clients;
  readonly watch: FleetWatch;
  readonly proxies: readonly ProxyLog[];
  readonly log: StoreLog;
  readonly zeroMs: number;
}

function judge(options: RoundOptions, evidence: Evidence, convergence: Convergence): RoundReport {
  const { fleet, script, history, clients, watch, proxies, log, zeroMs } = evidence;
  const writes = history.filter((call): call is WriteCall => 'write' in call);
  const reads = history.filter((call): call is ReadCall => 'read' in call);
  const connections = verifyConnections(
    clients.records,
    {
      proxies: new Map(fleet.of('proxy').map(({ name, outages }) => [name, outages])),
      backends: new Map(fleet.of('backend').map(({ outages }, at) => [fleet.backends[at] ?? '', outages])),
      proxyAt: fleet.proxyAt,
      drainingSinceMs: drainingSinceIn(proxies, log, WEB),
      drainTimeoutMs: DRAIN_TIMEOUT_MS,
    },
    zeroMs,
  );
  const { convergedMs, settledMs } = convergence;
  const late = settledMs > options.convergeWithinMs;
  const violations = [
    ...[...fleet.actors.values()].flatMap(({ deaths }) => deaths),
    ...verifyLog(log),
    ...verifyOutcomes(writes, log, zeroMs),
    ...verifyOrder(history, log, zeroMs),
    ...verifyStaleReads(reads, log, zeroMs),
    ...verifyApplied(proxies, watch.seen, log, SHAPE.registrant),
    ...connections.violations,
    ...(late
      ? [
          `the proxies converged ${inSeconds(settledMs)} after all faults were over and all processes had started`,
        ]
      : []),
  ];
  const count = (is: WriteCall['end']['is']) => writes.filter(({ end }) => end.is === is).length;
  const summary =
    `${script.length} faults; ${log.head.revision} commits; writes: ${count('committed')} acknowledged, ` +
    `${count('refused') + count('unchanged')} refused or the same, ${count('not written')} not written, ${count('unknown')} unknown; ` +
    `${reads.length} reads, ${reads.filter(({ end }) => end.is !== 'no answer' && end.stale).length} of them stale; ` +
    `${clients.records.length} connections, ${connections.excused} lost with a reason; ` +
    `converged ${inSeconds(convergedMs)} after the last fault${convergedMs > PROMISED_MS ? ' (ABOVE 5 s)' : ''}, ${inSeconds(settledMs)} after the last process had started again`;
  return { violations, summary };
}

/** Pools, policies and the listener, in the first commit. */
async function declare({ replicas, backends, listener }: Fleet): Promise<void> {
  const check = { intervalMs: 200, timeoutMs: 200, healthyThreshold: 1, unhealthyThreshold: 2 };
  const drafts = [
    {
      kind: 'policy',
      value: {
        name: WEB,
        healthCheck: { type: 'tcp', ...check },
        connect: { timeoutMs: 2_000, retries: 4 },
        drainTimeoutMs: DRAIN_TIMEOUT_MS,
      },
    },
    { kind: 'policy', value: { name: SPARE, healthCheck: { type: 'none' } } },
    { kind: 'pool', value: { name: WEB, policy: WEB, backends: backends.map((address) => ({ address })) } },
    { kind: 'pool', value: { name: GUESTS, policy: SPARE, backends: [] } },
    {
      kind: 'pool',
      value: { name: SPARE, policy: SPARE, backends: [{ address: SPARE_ADDRESSES[0] ?? '' }] },
    },
    { kind: 'listener', value: { name: WEB, address: listener, pool: WEB } },
  ] as const;
  const client = connectReplica([...replicas.values()][0] ?? '');
  const resources = drafts.map(resourceDraftToWire);
  const method = client.config.apply.bind(client.config);
  await callUnary<object, ChangeResult__Output>(method, { resources, requestId: 'setup' }, 10_000);
  client.close();
}

interface Convergence {
  /** From the end of the last fault until every proxy ran a change that was made after it. */
  readonly convergedMs: number;
  /** The same from when every process that was killed had started again: what a busy machine has no part in. */
  readonly settledMs: number;
}

/** A change that is made after the last fault reaches every proxy. */
async function converge(
  { replicas, admins, backends, actors }: Fleet,
  asking: RecordingClient,
  lastFaultMs: number,
): Promise<Convergence> {
  const names = [...replicas.keys()];
  const address = backends[0] ?? '';
  for (let attempt = 0; ; attempt += 1) {
    const replica = names[attempt % names.length] ?? '';
    const write = { do: 'weigh', pool: WEB, address, weight: 2 } as const;
    const end = await asking.write(replica, 'after-the-last-fault', write);
    if (end.is === 'committed') {
      await allRun({ admins }, end.revision, SETTLE_WITHIN_MS);
      const doneMs = nowMs();
      const all = [...actors.values()].filter(({ name }) => !name.startsWith('registrant'));
      const startedMs = Math.max(...all.map((actor) => actor.startedMs));
      return {
        convergedMs: doneMs - lastFaultMs,
        settledMs: Math.max(0, doneMs - Math.max(lastFaultMs, startedMs)),
      };
    }
    if (nowMs() - lastFaultMs > SETTLE_WITHIN_MS)
      throw new Error(`no change is possible after the last fault: ${JSON.stringify(end)}`);
    await pause(20);
  }
}

/** Asks after every unknown outcome, at two replicas, and reads all at each. */
async function settle(
  { replicas, of }: Fleet,
  asking: RecordingClient,
  history: readonly Call[],
): Promise<void> {
  await Promise.all(of('control-plane').map((actor) => actor.ready()));
  const names = [...replicas.keys()];
  const writes = history.filter((call): call is WriteCall => 'write' in call);
  const settled = new Set(
    writes.filter(({ end }) => end.is === 'committed').map(({ requestId }) => requestId),
  );
  const open = new Map(
    writes
      .filter(({ end, requestId }) => end.is === 'unknown' && !settled.has(requestId))
      .map(({ requestId, write }) => [requestId, write]),
  );
  for (const [requestId, write] of open) {
    for (const replica of names.slice(0, 2)) {
      await answered(async () => (await asking.write(replica, requestId, write)).is !== 'unknown');
    }
  }
  for (const replica of names) {
    await answered(async () => {
      const end = await asking.read(replica, { do: 'read all' });
      return end.is !== 'no answer' && !end.stale;
    });
  }
}

/** A client that waits to connect again may need another try. */
function answered(ask: () => Promise<boolean>): Promise<boolean> {
  return eventually(async () => await ask(), 'an answer after all faults', SETTLE_WITHIN_MS);
}

/** Every proxy runs at least that revision. */
async function allRun(
  { admins }: Pick<Fleet, 'admins'>,
  revision: number,
  deadlineMs: number,
): Promise<void> {
  await Promise.all(
    [...admins].map(([name, admin]) =>
      eventually(
        async () => (await revisionOf(admin)) >= revision,
        `${name} runs revision ${revision}`,
        deadlineMs,
      ),
    ),
  );
}

async function revisionOf(admin: string): Promise<number> {
  const text = await (await fetch(`http://${admin}/metrics`, { signal: AbortSignal.timeout(2_000) })).text();
  return Number(/^lb_config_revision (\d+)/m.exec(text)?.[1] ?? -1);
}

/** What a reader of a failure needs beside the logs of the processes. */
function keep(
  folder: string,
  script: readonly Fault[],
  history: readonly Call[],
  clients: Clients,
  zeroMs: number,
): void {
  const lines = [...history]
    .sort((a, b) => a.invokedMs - b.invokedMs)
    .map((call) => describeCall(call, zeroMs));
  const zero = `times are seconds since ${new Date(zeroMs).toISOString()}`;
  writeFileSync(join(folder, 'history.txt'), [zero, ...describeScript(script), ...lines, ''].join('\n'));
  const connections = clients.records.map((record) => JSON.stringify(record));
  writeFileSync(join(folder, 'connections.jsonl'), `${connections.join('\n')}\n`);
}
