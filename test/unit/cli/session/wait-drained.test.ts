/** How long `drain --wait` waits, what it shows meanwhile, and what it says at the end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '../../../../cli/context.ts';
import { CliError } from '../../../../cli/exit.ts';
import type { Session } from '../../../../cli/session/session.ts';
import { backendsOfHost, waitDrained } from '../../../../cli/session/wait-drained.ts';
import { timestampToWire } from '../../../../core/wire/timestamp-codec.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const ADDRESS = '10.0.0.1:80';
/** 2023-11-14 22:13:20 UTC. */
const START_MS = 1_700_000_000_000;

interface Given {
  /** By pool. */
  readonly drainSeconds: Readonly<Record<string, number>>;
  readonly timeoutMs?: number;
  readonly isTerminal?: boolean;
  /** How long ago the backends were drained. */
  readonly drainedAgoMs?: number;
}

/** A wait for one backend in each pool, on one proxy, whose connections a test changes. */
function waiting({ drainSeconds, timeoutMs, isTerminal = false, drainedAgoMs = 0 }: Given) {
  const clock = new FakeClock(START_MS);
  const pools = Object.keys(drainSeconds);
  const rig = { connections: 3, said: '', clock, ended: null as { error?: unknown } | null };
  const context = {
    clock,
    timeoutMs: timeoutMs ?? 30_000,
    isTimeoutGiven: timeoutMs !== undefined,
    showProgress: isTerminal,
    stderr: { write: (text: string) => (rig.said += text) },
  } as unknown as Context;
  const stateSince = timestampToWire(START_MS - drainedAgoMs);
  const answers: Record<string, () => object> = {
    ListProxies: () => ({
      proxies: [
        { info: { id: 'p1' }, connected: true, applied: { position: { revision: '7' } }, sameId: [] },
      ],
    }),
    ListBackendStatus: () => ({
      statuses: pools.map((pool) => ({
        proxyId: 'p1',
        revision: '7',
        report: { backend: { pool, address: ADDRESS }, connectionsActive: rig.connections },
      })),
    }),
    ListPools: () => ({
      pools: pools.map((name) => ({ name, policy: name, backends: [{ address: ADDRESS, stateSince }] })),
    }),
    ListPolicies: () => ({
      policies: pools.map((name) => ({ name, drainTimeout: { seconds: drainSeconds[name], nanos: 0 } })),
    }),
  };
  const session = {
    read: async (_service: string, method: string) => answers[method]?.(),
  } as unknown as Session;
  const targets = pools.map((pool) => ({ pool, address: ADDRESS }));
  const end = (error?: unknown) => (rig.ended = { error });
  waitDrained(context, session, '7', ADDRESS, targets).then(() => end(), end);
  return rig;
}

type Rig = ReturnType<typeof waiting>;

/** Whether it has ended after `ms`. */
async function hasEnded(rig: Rig, ms: number): Promise<boolean> {
  await rig.clock.advanceSettling(ms);
  return rig.ended !== null;
}

describe('waiting for a drain', () => {
  const CASES: readonly (Given & { title: string; lastsMs: number; says: string })[] = [
    {
      title: 'lasts as long as the drain may, and the default timeout more',
      drainSeconds: { web: 300 },
      lastsMs: 330_000,
      says: 'the drain ends by 22:18:20 UTC',
    },
    {
      title: 'counts the longest drain of several pools',
      drainSeconds: { web: 60, api: 3_600, mail: 300 },
      lastsMs: 3_630_000,
      says: 'the drain ends by 23:13:20 UTC',
    },
    {
      title: 'counts from when the backend was drained',
      drainSeconds: { web: 300 },
      drainedAgoMs: 100_000,
      lastsMs: 230_000,
      says: 'the drain ends by 22:16:40 UTC',
    },
    {
      title: 'lasts as long as --timeout says, which may be shorter',
      drainSeconds: { web: 300 },
      timeoutMs: 60_000,
      lastsMs: 60_000,
      says: 'the drain ends by 22:18:20 UTC; waiting until 22:14:20 UTC',
    },
    {
      title: 'says that a drain has no end, which --timeout may give the waiting',
      drainSeconds: { web: 0, api: 60 },
      timeoutMs: 60_000,
      lastsMs: 60_000,
      says: 'the drain has no end: drain_timeout is 0s; waiting until 22:14:20 UTC',
    },
  ];
  for (const { title, lastsMs, says, ...given } of CASES) {
    it(title, async () => {
      const rig = waiting(given);
      assert.equal(await hasEnded(rig, lastsMs - 1_000), false);
      const count = 3 * Object.keys(given.drainSeconds).length;
      const [line = ''] = rig.said.split('\n');
      assert.ok(line.startsWith(`${count} connections left (proxy p1 has 3 connections`), line);
      assert.ok(line.endsWith(`); ${says}`), line);
      assert.equal(await hasEnded(rig, 1_000), true);
      const error = rig.ended?.error;
      assert.ok(error instanceof CliError && error.exitCode === 4);
      assert.match(error.message, /^after \S+, 10\.0\.0\.1:80 is not drained on every proxy$/);
    });
  }

  it('has no end when the drain has none', async () => {
    const rig = waiting({ drainSeconds: { web: 0 } });
    assert.equal(await hasEnded(rig, 7_200_000), false);
    rig.connections = 0;
    assert.equal(await hasEnded(rig, 1_000), true);
    assert.equal(rig.ended?.error, undefined);
    assert.match(rig.said, /no proxy has a connection to 10\.0\.0\.1:80\n$/);
  });

  it('writes a line now and then for a log, when the number has changed', async () => {
    const rig = waiting({ drainSeconds: { web: 300 } });
    for (let seconds = 0; seconds < 30; seconds += 1) {
      rig.connections = 30 - seconds;
      await rig.clock.advanceSettling(1_000);
    }
    const lines = rig.said.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['3', '21', '11', '1'],
    );
  });

  it('writes one line of a terminal again and again, and takes it away at the end', async () => {
    const rig = waiting({ drainSeconds: { web: 300 }, isTerminal: true });
    await rig.clock.advanceSettling(1_000);
    rig.connections = 1;
    await rig.clock.advanceSettling(1_000);
    assert.ok(!rig.said.includes('\n'));
    const line = '1 connection left (proxy p1 has 1 connection); the drain ends by 22:18:20 UTC';
    assert.ok(rig.said.endsWith(`\r\u001b[K\u001b[?7l${line}\u001b[?7h`), rig.said);
    rig.connections = 0;
    await rig.clock.advanceSettling(1_000);
    assert.ok(rig.said.endsWith('\r\u001b[Kno proxy has a connection to 10.0.0.1:80\n'));
  });
});

it('backendsOfHost finds those of every pool, without a port as well', async () => {
  const backends = ['10.0.0.1:80', '10.0.0.1', '10.0.0.2'].map((address) => ({ address }));
  const read = () => Promise.resolve({ pools: [{ name: 'web', backends }] });
  assert.deepEqual(await backendsOfHost({ read } as unknown as Session, '10.0.0.1'), [
    { pool: 'web', address: '10.0.0.1:80' },
    { pool: 'web', address: '10.0.0.1' },
  ]);
});
