import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { BACKEND_COUNTERS, HISTOGRAM_CELLS } from '../../../../data-plane/memory/shared-memory.ts';
import { ConnectionCounters } from '../../../../data-plane/worker/connection-counters.ts';
import {
  BOTH,
  HEALTHY,
  ObservedTraffic,
  UNHEALTHY,
  WEB,
} from '../../../../harness/worker/observed-traffic.ts';
import * as make from '../../../../harness/snapshots.ts';

describe('the observer', () => {
  let traffic: ObservedTraffic;
  beforeEach(() => {
    traffic = new ObservedTraffic();
    traffic.run(BOTH);
  });

  const observe = () => traffic.observer.observe();

  it('sums what all workers counted', () => {
    traffic.connect(0, HEALTHY, 10);
    traffic.connect(1, HEALTHY, 5);
    const { backends, listeners, workers } = observe();
    const seen = backends.get(`web/${HEALTHY}`);
    assert.deepEqual([seen?.active, seen?.connections, seen?.bytesToBackend], [2, 2, 15]);
    assert.deepEqual([seen?.health, seen?.reason, seen?.sinceMs], ['healthy', 'why', 7]);
    assert.equal(listeners.get('web')?.active, 2);
    assert.equal(listeners.get('web')?.accepted, 2);
    assert.deepEqual(
      workers.map(({ active }) => active),
      [1, 1],
    );
  });

  it('keeps a removed backend and its counters while it has connections, and drops it then', () => {
    const close = traffic.connect(0, HEALTHY, 10);
    traffic.run(make.snapshot(2, ...WEB, make.backend('web', UNHEALTHY)));
    assert.equal(observe().backends.get(`web/${HEALTHY}`)?.bytesToBackend, 10);
    close();
    assert.deepEqual([...observe().backends.keys()], [`web/${UNHEALTHY}`]);
  });

  it('does not take a row for that of an earlier owner', () => {
    const { row } = traffic.backend(HEALTHY);
    const close = traffic.connect(0, HEALTHY, 10);
    const rest = [...WEB, make.backend('web', UNHEALTHY)];
    traffic.run(make.snapshot(2, ...rest));
    close();
    traffic.sweep();
    const third = '10.0.0.3:80';
    // A worker is quicker than the observer: the new owner has a connection already.
    traffic.run(make.snapshot(3, ...rest, make.backend('web', third)), () => {
      assert.equal(traffic.backend(third).row, row);
      traffic.connect(0, third, 1);
    });
    const { backends } = observe();
    assert.deepEqual([...backends.keys()].sort(), [`web/${UNHEALTHY}`, `web/${third}`]);
    assert.equal(backends.get(`web/${third}`)?.bytesToBackend, 1);
  });

  it('goes on counting when a backend comes back before its last connection ended', () => {
    traffic.connect(0, HEALTHY, 10);
    traffic.run(make.snapshot(2, ...WEB, make.backend('web', UNHEALTHY)));
    traffic.run(BOTH);
    traffic.connect(0, HEALTHY, 1);
    assert.equal(observe().backends.get(`web/${HEALTHY}`)?.bytesToBackend, 11);
  });

  it('has the same histogram until something is added to it', () => {
    const { row } = traffic.backend(HEALTHY);
    const seen = () => observe().backends.get(`web/${HEALTHY}`);
    const accounts = new ConnectionCounters(traffic.workers[0]);
    const before = seen();
    accounts.established(row, 0, 0, 3);
    accounts.answered(row, 0, 4);
    const after = seen();
    assert.notEqual(after?.connect, before?.connect);
    assert.notEqual(after?.firstByte, before?.firstByte);
    assert.equal(seen()?.connect, after?.connect);
    assert.equal(seen()?.firstByte, after?.firstByte);
    assert.equal(Math.max(...Array.from(before?.connect ?? [1])), 0, 'what was observed does not change');
  });

  it('reads a histogram again that its worker had not written yet when it had counted already', () => {
    const { row } = traffic.backend(HEALTHY);
    const [{ backends, backendConnectSeconds }] = traffic.workers;
    backends[row * BACKEND_COUNTERS.length + BACKEND_COUNTERS.indexOf('connections')] = 1;
    assert.equal(observe().backends.get(`web/${HEALTHY}`)?.connect[0], 0);
    backendConnectSeconds[row * HISTOGRAM_CELLS] = 1;
    assert.equal(observe().backends.get(`web/${HEALTHY}`)?.connect[0], 1);
  });

  it('counts connections of a removed listener until they end', () => {
    const close = traffic.connect(1, HEALTHY);
    traffic.run(make.snapshot(2, make.pool('web'), make.backend('web', HEALTHY)));
    assert.equal(observe().workers[1]?.active, 1);
    assert.equal(observe().listeners.has('web'), true);
    close();
    assert.equal(observe().listeners.has('web'), false);
  });

  it('speaks of the new address of a listener that moved, and counts the connections of the old one', () => {
    traffic.connect(0, HEALTHY);
    const moved = make.listener('web', '0.0.0.0:81', 'web');
    traffic.run(make.snapshot(2, make.pool('web'), moved, make.backend('web', HEALTHY)));
    assert.equal(observe().listeners.get('web')?.accepted, 0);
    assert.equal(observe().workers[0]?.active, 1);
  });
});
