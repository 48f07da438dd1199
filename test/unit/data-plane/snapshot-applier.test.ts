import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../../core/runtime/logger.ts';
import { SnapshotApplier } from '../../../data-plane/snapshot-applier.ts';
import { ConfigStatus } from '../../../data-plane/subscription/config-status.ts';
import { isTemporary } from '../../../data-plane/subscription/subscription-state.ts';
import { readSnapshotFile } from '../../../data-plane/subscription/snapshot-file.ts';
import type { FailedListener } from '../../../data-plane/plan/plan-directory.ts';
import type { Whereabouts } from '../../../data-plane/plan/loops.ts';
import { RowAllocator } from '../../../data-plane/memory/row-allocator.ts';
import { createBuffers } from '../../../data-plane/memory/shared-memory.ts';
import { until } from '../../../harness/engine/tcp.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import * as make from '../../../harness/snapshots.ts';

const one = make.snapshot(1, make.pool('web'), make.backend('web', '10.0.0.1:80'));
const two = make.snapshot(2, make.pool('web'));
const invalid = make.snapshot(2, make.pool('web', 'gone'), make.backend('none', '10.0.0.1:80'));

describe('the snapshot applier', () => {
  let stateDir = '';
  let steps: string[];
  let failedListeners: FailedListener[];
  let weights: number[];
  let status: ConfigStatus;
  let whereabouts: Pick<Whereabouts, 'isOwn' | 'fleet'>;
  let onDiskWhileApplying: string;
  let isSettled: boolean;
  let clock: FakeClock;
  beforeEach(() => {
    stateDir = mkdtempSync(join(tmpdir(), 'lb-applier-'));
    steps = [];
    failedListeners = [];
    weights = [];
    onDiskWhileApplying = '';
    isSettled = true;
    clock = new FakeClock();
    whereabouts = { isOwn: () => false, fleet: new Set() };
    status = new ConfigStatus(() => steps.push('status'));
  });
  afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

  const onDisk = async () => {
    const read = await readSnapshotFile(stateDir);
    return read.type === 'saved' ? String(read.saved.snapshot.position.revision) : read.type;
  };
  const createApplier = (directory = stateDir) =>
    new SnapshotApplier({
      stateDir: directory,
      rows: new RowAllocator(createBuffers(1)),
      whereabouts,
      planApplier: {
        apply: async ({ revision }, revise) => {
          onDiskWhileApplying = await onDisk();
          steps.push(`workers ${revision}`);
          weights = [...(revise?.(failedListeners).pools[0]?.weights ?? [])];
          return { failedListeners };
        },
        listen: async (isReady) => {
          const isDone = isReady('web');
          if (isDone) steps.push('listen');
          return isDone;
        },
      },
      readers: [{ run: () => void steps.push('readers'), settle: () => undefined }],
      health: { update: () => steps.push('health'), isSettled: () => isSettled },
      closings: { update: ({ retired }) => steps.push(`drains ${retired.length}`) },
      status,
      clock,
      logger: silentLogger,
    });

  it('brings a snapshot to disk, then to the workers, then to all others', async () => {
    const applier = createApplier();
    assert.deepEqual(await applier.apply(one), []);
    assert.deepEqual(steps, ['workers 1', 'readers', 'drains 0', 'health', 'status', 'listen', 'status']);
    assert.equal(await onDisk(), '1');
    assert.deepEqual(status.observation.running, { position: one.position, hash: one.hash });
  });

  it('has a snapshot on disk before any worker runs it, so that a proxy that is killed meanwhile never goes back', async () => {
    const applier = createApplier();
    await applier.apply(one);
    await applier.apply(two);
    assert.equal(onDiskWhileApplying, '2');
    assert.equal(await onDisk(), '2');
    assert.ok(steps.includes('drains 1'), 'the removed backend is drained');
  });

  it('changes nothing when the snapshot can not be run, and names every reason', async () => {
    const applier = createApplier();
    await applier.apply(one);
    steps = [];
    const violations = await applier.apply(invalid);
    assert.equal(violations.length, 2);
    assert.deepEqual(steps, []);
    assert.equal(await onDisk(), '1');
    assert.deepEqual(await applier.apply(two), [], 'a good one is taken after it');
  });

  for (const [what, prepare, reason] of [
    ['written', () => join(stateDir, 'gone'), 'ENOENT'],
    [
      'given its name',
      () => (mkdirSync(join(stateDir, 'snapshot.before.json', 'x'), { recursive: true }), stateDir),
      'E',
    ],
  ] as const) {
    it(`runs nothing that could not be ${what}, and calls that temporary`, async () => {
      await createApplier().apply(one);
      steps = [];
      const violations = await createApplier(prepare()).apply(two);
      assert.match(violations[0]?.description ?? '', new RegExp(`could not be saved in .*: ${reason}`));
      assert.ok(violations.every(isTemporary));
      assert.deepEqual(steps, []);
      assert.equal(status.observation.running?.position.revision, 1);
    });
  }

  it('resumes from disk without writing, and says where it came from', async () => {
    assert.deepEqual(await createApplier(join(stateDir, 'gone')).resume(one), []);
    assert.equal(status.observation.fromDisk, true);
    status.confirmed();
    assert.equal(status.observation.fromDisk, false);
  });

  for (const [what, passedMs, settle] of [
    ['once the first checks are over', 100, () => (isSettled = true)],
    ['after three seconds, though checks are under way', 3_000, () => undefined],
  ] as const) {
    it(`says that a snapshot runs when new listeners listen: ${what}`, async () => {
      isSettled = false;
      const applier = createApplier();
      const applied = applier.apply(one);
      await until('the wait', () => applier.isOpening);
      await clock.advanceSettling(passedMs - 20);
      assert.deepEqual([steps.includes('listen'), status.observation.running], [false, null]);
      settle();
      await clock.advanceSettling(20);
      assert.deepEqual(await applied, []);
      assert.deepEqual([steps.at(-2), steps.at(-1), applier.isOpening], ['listen', 'status', false]);
    });
  }

  it('goes on at once at the start from disk, is opening until listeners listen, and takes the next snapshot then', async () => {
    isSettled = false;
    const applier = createApplier();
    assert.deepEqual(await applier.resume(one), []);
    const applied = applier.apply(two);
    await clock.advanceSettling(100);
    assert.deepEqual([applier.isOpening, status.observation.running?.position.revision], [true, 1]);
    isSettled = true;
    await clock.advanceSettling(20);
    assert.deepEqual(await applied, []);
    assert.equal(applier.isOpening, false);
    isSettled = false;
    const third = applier.apply(make.snapshot(3, make.pool('web')));
    await until('the third', () => steps.includes('workers 3'));
    await clock.advanceSettling(100);
    assert.equal(applier.isOpening, false, 'what is added later leaves a proxy ready');
    isSettled = true;
    await clock.advanceSettling(20);
    assert.deepEqual(await third, []);
  });

  it('tells which listeners are not bound, and that they are again', async () => {
    const failure = { listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' };
    failedListeners = [failure];
    const applier = createApplier();
    assert.deepEqual(await applier.apply(one), []);
    assert.deepEqual(status.observation.failedListeners, [failure]);
    applier.listenersFailed([]);
    assert.deepEqual(status.observation.failedListeners, []);
  });

  it('gives connections to a server on the address of a listener as long as that can’t be bound', async () => {
    whereabouts = { isOwn: () => true, fleet: new Set() };
    const failure = { listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' };
    const applier = createApplier();
    const resources = [
      make.pool('web'),
      make.listener('web', '0.0.0.0:80', 'web'),
      make.backend('web', '10.0.0.1:80'),
    ];
    failedListeners = [failure];
    await applier.apply(make.snapshot(1, ...resources));
    assert.deepEqual(weights, [1], 'before any worker runs the plan');
    failedListeners = [];
    applier.listenersFailed([]);
    await applier.resume(make.snapshot(1, ...resources));
    assert.deepEqual(weights, [0]);
    assert.deepEqual(status.observation.ownBackends, ['10.0.0.1:80']);
    failedListeners = [failure];
    applier.listenersFailed(failedListeners);
    await applier.whereaboutsChanged();
    assert.deepEqual([weights, status.observation.ownBackends], [[1], []]);
    assert.equal(steps.at(-1), 'listen', 'a plan that runs again leaves no listener waiting');
  });

  it('forgets a refusal once a later snapshot runs', async () => {
    const applier = createApplier();
    status.rejected(invalid.position, [{ field: '', description: 'no' }]);
    assert.equal(status.observation.rejected?.position.revision, 2);
    await applier.apply(two);
    assert.equal(status.observation.rejected, null);
  });
});
