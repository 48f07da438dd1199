import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Resource } from '../../../../core/model/resources.ts';
import { backend, pool } from '../../../../harness/snapshots.ts';
import { Planner } from '../../../../harness/worker/planner.ts';

describe('the networks that send PROXY headers', () => {
  it('are the same table from plan to plan while their list stays', () => {
    const planner = new Planner();
    const behind = (acceptProxyProtocol: readonly string[]): Resource => {
      const value = { name: 'http', address: '0.0.0.0:80', pool: 'web', acceptProxyProtocol };
      return { kind: 'listener', value };
    };
    const tableOf = (...resources: readonly Resource[]) =>
      planner.build(pool('web'), ...resources).plan.listeners[0]?.firstBytes?.proxyFrom;
    const balancers = behind(['10.0.0.0/8']);
    const table = tableOf(balancers);
    assert.ok(table);
    assert.equal(tableOf(balancers, backend('web', '10.0.0.1:80')), table);
    assert.notEqual(tableOf(behind(['10.0.0.0/8'])), table);
  });
});
