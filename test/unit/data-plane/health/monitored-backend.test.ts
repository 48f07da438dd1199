import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { POLICY_DEFAULTS } from '../../../../core/model/defaults.ts';
import { MonitoredBackend } from '../../../../data-plane/health/monitored-backend.ts';
import { createBuffers, HEALTH, sharedCells } from '../../../../data-plane/memory/shared-memory.ts';
import { poolOf } from '../../../../harness/proxy/health-rig.ts';

function setUp() {
  const shared = sharedCells(createBuffers(1));
  const check = { ...POLICY_DEFAULTS.healthCheck, unhealthyThreshold: 1 };
  const [backend] = poolOf('web', 0, [{ row: 0 }]).backends;
  assert.ok(backend);
  const entry = new MonitoredBackend(backend, check, shared, 0);
  assert.ok(entry.step({ type: 'passed' }, 1));
  return { shared, entry };
}

describe('MonitoredBackend', () => {
  it('never overwrites what a worker wrote before the machine has heard of it', () => {
    const { shared, entry } = setUp();
    Atomics.store(shared.health, 0, HEALTH.ejected);
    assert.equal(entry.step({ type: 'failed', reason: 'connection refused' }, 2), false);
    assert.equal(entry.state.health, 'unhealthy');
    assert.equal(shared.health[0], HEALTH.ejected);
    assert.ok(entry.noticeEjection());
    assert.ok(entry.step({ type: 'ejected', reason: 'failed connects' }, 3));
    assert.equal(shared.health[0], HEALTH.unhealthy);
  });

  it('hears an ejection once', () => {
    const { shared, entry } = setUp();
    assert.equal(entry.noticeEjection(), false);
    Atomics.store(shared.health, 0, HEALTH.ejected);
    assert.ok(entry.noticeEjection());
    assert.equal(entry.noticeEjection(), false);
  });
});
