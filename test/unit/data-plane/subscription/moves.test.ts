/** Who moves when the store is away from one replica, or from all: counted in connects. The seed is printed. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import { connectivityState } from '@grpc/grpc-js';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { randomBetween, seededRandom } from '../../../../core/runtime/random.ts';
import type { ReplicaClient } from '../../../../core/wire/clients.ts';
import { Subscription } from '../../../../data-plane/subscription/subscription.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import * as make from '../../../../harness/snapshots.ts';

const REPLICAS = ['a', 'b', 'c'];
const PROXIES = 100;
const TICK_MS = 1_000;
const runs = make.snapshot(5, make.pool('web'));

describe('a fleet of a hundred proxies and three replicas', () => {
  let clock: FakeClock;
  /** When a discovery stream was opened, and to whom. */
  let connects: { readonly atMs: number; readonly replica: string }[];
  let fleet: Subscription[];
  /** Since each replica heard from its store. */
  let ages: Record<string, number>;
  let random: ReturnType<typeof seededRandom>;

  beforeEach((t) => {
    const seed = Date.now() % 1_000_000;
    (t as TestContext).diagnostic(`seed ${seed}`);
    random = seededRandom(seed);
    clock = new FakeClock();
    connects = [];
    ages = { a: 0, b: 0, c: 0 };
  });

  function client(address: string): ReplicaClient {
    const streamSnapshots = () => {
      connects.push({ atMs: clock.nowMs(), replica: address });
      const call = new EventEmitter();
      return Object.assign(call, { write: () => true, cancel: () => undefined });
    };
    const channel = { getConnectivityState: () => connectivityState.READY };
    return { address, discovery: { getChannel: () => channel, streamSnapshots } } as unknown as ReplicaClient;
  }

  async function start(): Promise<void> {
    fleet = Array.from(
      { length: PROXIES },
      () =>
        new Subscription({
          proxyId: 'p',
          replicas: REPLICAS.map(client),
          current: runs,
          apply: () => Promise.resolve([]),
          onRejected: () => undefined,
          onAllFailed: () => undefined,
          onConfirmed: () => undefined,
          clock,
          random,
          logger: silentLogger,
        }),
    );
    for (const proxy of fleet) proxy.start();
    await clock.advanceSettling(TICK_MS);
    connects = [];
  }

  /** Time passes, and every replica says once a second how long it has not heard from its store. */
  async function pass(ms: number, away: (replica: string) => boolean): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      for (const replica of REPLICAS) {
        ages[replica] = away(replica) ? (ages[replica] ?? 0) + TICK_MS : 0;
        for (const proxy of fleet) {
          const view = { position: runs.position, storeAgeMs: ages[replica] ?? 0, stopping: false };
          proxy.onReplicaReport(replica, view);
        }
      }
      await clock.advanceSettling(TICK_MS);
    }
  }

  const tellers = (replica: string) => connects.filter((each) => each.replica === replica).length;

  it('leaves a replica that is cut from the store, once each, and not all at the same moment', async () => {
    await start();
    await pass(60_000, (replica) => replica === 'a');
    assert.ok(connects.length > 0 && connects.length < PROXIES);
    assert.equal(tellers('a'), 0);
    const perSecond = new Map<number, number>();
    for (const { atMs } of connects) {
      const second = Math.floor(atMs / TICK_MS);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    const most = Math.max(...perSecond.values());
    assert.ok(most < connects.length * 0.7, `${most} of ${connects.length} moved within one second`);
  });

  it('moves nobody when the store is away from all, though not from all at the same moment', async () => {
    await start();
    ages = { a: 2_400, b: 1_200, c: 0 };
    await pass(120_000, () => true);
    assert.deepEqual(connects, []);
  });

  it('moves seldom while the store comes and goes at every replica', async () => {
    await start();
    const minutes = 20;
    const until: Record<string, number> = {};
    let phase: Record<string, boolean> = {};
    await pass(minutes * 60_000, (replica) => {
      if ((until[replica] ?? 0) <= clock.nowMs()) {
        phase = { ...phase, [replica]: !phase[replica] };
        until[replica] = clock.nowMs() + randomBetween(random, 5_000, 30_000);
      }
      return phase[replica] === true;
    });
    const most = PROXIES * minutes * 2.5;
    assert.ok(connects.length > PROXIES, `${connects.length} connects: nothing was tested`);
    assert.ok(connects.length < most, `${connects.length} connects, at most ${most}`);
  });
});
