import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import type { ReplicaClient } from '../../../../core/wire/clients.ts';
import type { StreamReportsRequest } from '../../../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { Reporter } from '../../../../data-plane/reporting/reporter.ts';
import type { ReplicaView } from '../../../../data-plane/subscription/replica-choice.ts';
import type { Observation } from '../../../../data-plane/telemetry/observation.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { listenerObservation, NO_OBSERVATION } from '../../../harness/observations.ts';
import { position } from '../../../harness/snapshots.ts';

/** A report stream as grpc-js gives it, with a receiver that can stop taking. */
class FakeCall extends EventEmitter {
  readonly sent: StreamReportsRequest[] = [];
  takes = true;
  ended = false;
  cancelled = false;

  write(message: StreamReportsRequest): boolean {
    this.sent.push(message);
    return this.takes;
  }

  end(): void {
    this.ended = true;
  }

  cancel(): void {
    this.cancelled = true;
    this.emit('error', new Error('cancelled'));
  }
}

describe('the reporter', () => {
  let clock: FakeClock;
  let calls: FakeCall[];
  let reachable: boolean;
  let observed: number;
  let accepted: number;
  let reportTakesMs: number;
  let lateMs: number;
  let heard: [string, ReplicaView | null][];

  beforeEach(() => {
    clock = new FakeClock();
    calls = [];
    reachable = true;
    observed = 0;
    accepted = 0;
    reportTakesMs = 0;
    lateMs = 0;
    heard = [];
  });

  function replica(address: string): ReplicaClient {
    const streamReports = () => {
      const call = new FakeCall();
      calls.push(call);
      return call;
    };
    const client = { address, ready: () => Promise.resolve(reachable), reports: { streamReports } };
    return client as unknown as ReplicaClient;
  }

  const observe = (): Observation => {
    observed += 1;
    lateMs += reportTakesMs;
    return { ...NO_OBSERVATION, listeners: new Map([['web', listenerObservation({ accepted })]]) };
  };

  async function start(...addresses: readonly string[]): Promise<Reporter> {
    const reporter = new Reporter({
      replicas: addresses.map(replica),
      proxy: { id: 'p1' },
      observe,
      onReplica: (address, view) => heard.push([address, view]),
      clock: {
        wallMs: () => clock.wallMs(),
        nowMs: () => clock.nowMs() + lateMs,
        after: (delayMs, action) => clock.after(delayMs, action),
      },
      random: seededRandom(1),
      logger: silentLogger,
    });
    reporter.start();
    await clock.advanceSettling(0);
    return reporter;
  }

  const totals = (call: FakeCall | undefined) =>
    call?.sent.map(({ listeners }) => listeners?.[0]?.connectionsTotal);

  it('tells every replica who it is and everything at the start, and then only what changed', async () => {
    await start('a', 'b');
    assert.equal(calls.length, 2);
    for (const { sent } of calls) assert.equal(sent[0]?.proxy?.id, 'p1');
    clock.advance(3_000);
    for (const { sent } of calls) assert.equal(sent.length, 1);
    accepted = 5;
    clock.advance(1_000);
    for (const call of calls) assert.deepEqual(totals(call), ['0', '5']);
    assert.equal(calls[0]?.sent[1]?.proxy, undefined);
  });

  it('reports what is urgent within milliseconds, and what comes together at once', async () => {
    const reporter = await start('a');
    clock.advance(500);
    for (accepted = 1; accepted < 100; accepted += 1) reporter.wake();
    clock.advance(10);
    assert.deepEqual(totals(calls[0]), ['0', '100']);
  });

  it('bounds how often a storm is reported', async () => {
    const reporter = await start('a');
    observed = 0;
    for (let ms = 0; ms < 1_000; ms += 1) {
      accepted += 1;
      reporter.wake();
      clock.advance(1);
    }
    assert.ok(observed <= 22, `${observed} observations in a second`);
    assert.ok(observed >= 10);
  });

  it('takes its time where a report takes long, so that health checks get theirs', async () => {
    reportTakesMs = 400;
    await start('a');
    observed = 0;
    clock.advance(1_000);
    assert.equal(observed, 1);
    clock.advance(1_999);
    assert.equal(observed, 1);
    clock.advance(1);
    assert.equal(observed, 2);
  });

  it('sends one message with the newest of everything to a replica that did not take any for a while', async () => {
    await start('a');
    const [call] = calls;
    assert.ok(call);
    call.takes = false;
    accepted = 1;
    clock.advance(1_000);
    for (accepted = 2; accepted < 10; accepted += 1) clock.advance(1_000);
    assert.deepEqual(totals(call), ['0', '1']);
    call.takes = true;
    call.emit('drain');
    assert.deepEqual(totals(call), ['0', '1', '9']);
  });

  it('connects again with backoff, and tells everything again', async () => {
    await start('a');
    calls[0]?.emit('error', new Error('gone'));
    assert.deepEqual(heard, [['a', null]]);
    assert.equal(calls.length, 1);
    reachable = false;
    await clock.advanceSettling(5_000);
    assert.equal(calls.length, 1);
    reachable = true;
    await clock.advanceSettling(2_000);
    assert.equal(calls.length, 2);
    assert.equal(calls[1]?.sent[0]?.proxy?.id, 'p1');
    calls[0]?.emit('data', { position: null, storeAgeMs: '0', stopping: false });
    assert.deepEqual(heard, [['a', null]], 'a stream that is lost says nothing more');
  });

  it('passes on what a replica says of itself', async () => {
    await start('a');
    const wire = { storeId: 'store', version: '3', revision: '3', hash: 'commit-3', replaces: [] };
    calls[0]?.emit('data', { position: wire, storeAgeMs: '250', stopping: true });
    assert.deepEqual(heard, [['a', { position: position(3), storeAgeMs: 250, stopping: true }]]);
  });

  it('sends what is left and that it stops, and ends the stream', async () => {
    const reporter = await start('a');
    accepted = 7;
    const stopped = reporter.stop();
    const [call] = calls;
    assert.ok(call?.ended);
    assert.deepEqual(totals(call), ['0', '7', undefined]);
    assert.deepEqual(call.sent.at(-1), { stopping: true });
    call.emit('end');
    await stopped;
    assert.equal(clock.pending, 0);
  });

  it('does not wait for ever for a replica that does not end the stream', async () => {
    const reporter = await start('a');
    let done = false;
    const stopped = reporter.stop().then(() => {
      done = true;
    });
    await clock.advanceSettling(999);
    assert.equal(done, false);
    await clock.advanceSettling(1);
    await stopped;
    assert.ok(calls[0]?.cancelled);
  });

  it('stops at once while no replica is connected, and never connects again', async () => {
    reachable = false;
    const reporter = await start('a');
    await reporter.stop();
    reachable = true;
    await clock.advanceSettling(10_000);
    assert.equal(calls.length, 0);
  });
});
