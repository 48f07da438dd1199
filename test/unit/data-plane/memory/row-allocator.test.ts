import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress } from '../../../../core/model/address.ts';
import { LIMITS } from '../../../../core/model/limits.ts';
import { isTemporary } from '../../../../data-plane/subscription/subscription-state.ts';
import { CLOSE_REASONS } from '../../../../core/wire/close-reasons.ts';
import { RowAllocator } from '../../../../data-plane/memory/row-allocator.ts';
import {
  BACKEND_COUNTERS,
  createBuffers,
  HEALTH,
  HISTOGRAM_CELLS,
  type HistogramName,
  LISTENER_COUNTERS,
  MAX_BACKENDS,
  MAX_LISTENERS,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';

const HISTOGRAMS = [
  'poolConnectSeconds',
  'listenerConnectSeconds',
  'backendConnectSeconds',
  'listenerFirstByteSeconds',
  'backendFirstByteSeconds',
  'listenerDurationSeconds',
  'backendDurationSeconds',
] as const satisfies readonly HistogramName[];

function addressOf(text: string) {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

function setUp() {
  const buffers = createBuffers(2);
  const rows = new RowAllocator(buffers);
  const assign = (sequence: number, backends: string[], listeners: string[] = []) => {
    const assigned = rows.assign(sequence, {
      pools: ['web'],
      backends: backends.map((text) => ({ pool: 'web', address: addressOf(text) })),
      listeners: listeners.map(addressOf),
    });
    assert.ok(assigned.ok);
    return assigned;
  };
  return {
    rows,
    assign,
    shared: sharedCells(buffers),
    workers: [workerCells(buffers, 0), workerCells(buffers, 1)],
  };
}

describe('RowAllocator', () => {
  it('hands out clean rows: identity written, state unknown, counters of all workers at zero', () => {
    const { rows, assign, shared, workers } = setUp();
    const first = assign(1, ['10.0.0.1:80'], ['0.0.0.0:80']);
    assert.deepEqual([first.pools, first.backends, first.listeners], [[0], [0], [0]]);
    shared.health[0] = HEALTH.ejected;
    shared.failures[0] = 7;
    for (const worker of workers) {
      worker.backends.fill(5, 0, BACKEND_COUNTERS.length);
      worker.listeners.fill(5, 0, LISTENER_COUNTERS.length);
      worker.listenerClosed.fill(5, 0, CLOSE_REASONS.length);
      for (const name of HISTOGRAMS) {
        worker[name].fill(5, 0, HISTOGRAM_CELLS);
        worker[name][HISTOGRAM_CELLS] = 8;
      }
      worker.backends[BACKEND_COUNTERS.length] = 8;
    }
    const none = rows.assign(2, { pools: [], backends: [], listeners: [] });
    assert.ok(none.ok);
    rows.sweep(2);
    const next = assign(3, ['[2001:db8::7]:443'], ['0.0.0.0:81']);
    assert.deepEqual([next.pools, next.backends, next.listeners], [[0], [0], [0]]);
    assert.equal(rows.generation(0), 2);
    assert.deepEqual([shared.health[0], shared.failures[0], shared.open[0]], [HEALTH.unknown, 0, 0]);
    assert.deepEqual([shared.family[0], shared.port[0]], [6, 443]);
    assert.equal(Buffer.from(shared.ip.slice(0, 16)).toString('hex'), '20010db8000000000000000000000007');
    for (const worker of workers) {
      assert.ok(worker.backends.slice(0, BACKEND_COUNTERS.length).every((cell) => cell === 0));
      assert.ok(worker.listeners.slice(0, LISTENER_COUNTERS.length).every((cell) => cell === 0));
      assert.ok(worker.listenerClosed.slice(0, CLOSE_REASONS.length).every((cell) => cell === 0));
      for (const name of HISTOGRAMS) {
        assert.ok(
          worker[name].slice(0, HISTOGRAM_CELLS).every((cell) => cell === 0),
          name,
        );
        assert.equal(worker[name][HISTOGRAM_CELLS], 8, name);
      }
      assert.equal(worker.backends[BACKEND_COUNTERS.length], 8);
    }
  });

  it('keeps the row, the generation and the counters of a backend that comes back before it is swept', () => {
    const { rows, assign, workers } = setUp();
    const before = assign(1, ['10.0.0.1:80', '10.0.0.2:80']).backends;
    for (const worker of workers) worker.backends[0] = 5;
    assign(2, ['10.0.0.2:80']);
    const after = assign(3, ['10.0.0.2:80', '10.0.0.1:80']).backends;
    assert.deepEqual(after, before.toReversed());
    assert.equal(rows.generation(before[0] ?? -1), 1);
    assert.equal(workers[0]?.backends[0], 5);
  });

  it('keeps the row of a pool while one of its backends still has connections', () => {
    const { rows, assign, shared } = setUp();
    const [backend = -1] = assign(1, ['10.0.0.1:80']).backends;
    Atomics.store(shared.open, backend, 1);
    const other = (sequence: number) =>
      rows.assign(sequence, { pools: ['api'], backends: [], listeners: [] });
    other(2);
    rows.sweep(2);
    const second = rows.assign(3, { pools: ['api', 'new'], backends: [], listeners: [] });
    assert.deepEqual(second.ok && second.pools, [1, 2]);
    Atomics.store(shared.open, backend, 0);
    rows.sweep(3);
    const third = rows.assign(4, { pools: ['api', 'new', 'web'], backends: [], listeners: [] });
    assert.deepEqual(third.ok && third.pools, [1, 2, 0]);
  });

  it('has room to replace everything that the largest configuration has, again and again', () => {
    const { rows, shared } = setUp();
    const count = LIMITS.backends + LIMITS.registrations;
    const replace = (sequence: number) =>
      rows.assign(sequence, {
        pools: Array.from({ length: LIMITS.pools }, (_, n) => `pool-${sequence}-${n}`),
        backends: Array.from({ length: count }, (_, n) => ({
          pool: `pool-${sequence}-${n % LIMITS.pools}`,
          address: addressOf(`10.${sequence}.${n >> 8}.${n & 255}:80`),
        })),
        listeners: Array.from({ length: LIMITS.listeners }, (_, n) =>
          addressOf(`10.${sequence}.${n >> 8}.${n & 255}:80`),
        ),
      });
    for (let sequence = 1; sequence <= 4; sequence++) {
      assert.ok(replace(sequence).ok, `replaced ${sequence - 1} times`);
      rows.sweep(sequence);
    }
    // Connections of those that are replaced take room until they end.
    for (let row = 0; row < MAX_BACKENDS; row++) Atomics.store(shared.open, row, 1);
    assert.ok(replace(5).ok);
    rows.sweep(5);
    const refused = replace(6);
    const violation = refused.ok ? null : refused.violations.find(({ field }) => field === 'backends');
    assert.ok(violation);
    assert.equal(
      violation.description,
      `there are ${count} backends, and ${count} others run until these do, and ${count} that were removed still have connections; a proxy has room for ${MAX_BACKENDS}: the proxy will try again, or replace fewer at a time`,
    );
    assert.ok(isTemporary(violation));
    shared.open.fill(0);
    rows.sweep(5);
    assert.ok(replace(6).ok);
  });

  it('refuses what there is no room for, says why, and changes nothing', () => {
    const { rows, workers } = setUp();
    const listeners = Array.from({ length: MAX_LISTENERS }, (_, n) =>
      addressOf(`10.1.${n >> 8}.${n & 255}:80`),
    );
    assert.ok(rows.assign(1, { pools: [], backends: [], listeners }).ok);
    const one = addressOf('10.9.9.9:80');
    const backends = [{ pool: 'web', address: one }];
    const tooMany = rows.assign(2, { pools: ['web'], backends, listeners: [...listeners, one] });
    assert.deepEqual(!tooMany.ok && tooMany.violations.map(({ field }) => field), ['listeners']);
    assert.equal(rows.generation(0), 0);
    if (workers[0]) workers[0].listenerOpen[0] = 1;
    assert.ok(rows.assign(3, { pools: [], backends: [], listeners: [] }).ok);
    rows.sweep(3);
    const replaced = rows.assign(4, {
      pools: [],
      backends: [],
      listeners: [...listeners.slice(1), one, addressOf('10.9.9.8:80')],
    });
    assert.match(
      (!replaced.ok && replaced.violations[0]?.description) || '',
      /^there are 1025 listeners, and 1 that were removed still have connections; .* room for 1024: remove some/,
    );
  });
});
