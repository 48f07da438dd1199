/** Columns that many proxies share the rows of. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newShared } from '../../../../control-plane/fleet/proxy-record.ts';
import { type BackendChange, ReportedBackends } from '../../../../control-plane/fleet/reported-backends.ts';
import { backendReport } from '../../../../harness/control-plane/reports.ts';
import { traffic } from '../../../../harness/control-plane/stats-rig.ts';

function two() {
  const shared = newShared();
  const told: string[] = [];
  const backend = ({ row, before, now, active, counts }: BackendChange) =>
    told.push(`${row.address} ${before}>${now} ${active} ${counts[0]}`);
  shared.counter = { backend, listener: () => undefined, process: () => undefined };
  const make = () => new ReportedBackends(shared);
  return { directory: shared.directory, told, one: make(), other: make() };
}
const keys = (backends: ReportedBackends) => Array.from(backends, ([key]) => key);

describe('backends that proxies report', () => {
  it('have one row for all proxies, which is free once nobody reports them', () => {
    const { directory, one, other } = two();
    for (const backends of [one, other]) backends.state(backendReport('web', 'a'));
    one.state(backendReport('web', 'b'));
    one.delete('web/a');
    assert.deepEqual([keys(one), keys(other)], [['web/b'], ['web/a']]);
    assert.equal(directory.find('web/a')?.index, 0);
    other.clear();
    assert.equal(directory.find('web/a'), undefined);
    one.state(backendReport('web', 'c'));
    assert.equal(directory.find('web/c')?.index, 0);
    assert.deepEqual(keys(one), ['web/c', 'web/b']);
  });

  it('begin with nothing in a row that another one has had', () => {
    const { one } = two();
    one.state(backendReport('web', 'a', { connectionsActive: 3, connectionsTotal: '9', reason: 'refused' }));
    one.delete('web/a');
    one.state(backendReport('web', 'b'));
    assert.deepEqual(one.get('web/b'), backendReport('web', 'b'));
  });

  it('tell whoever counts of each change, once, and take everything back in the end', () => {
    const { told, one } = two();
    one.state(backendReport('web', 'a', { connectionsActive: 2, connectionsTotal: '100' }));
    one.traffic(traffic('web/a', { connectionsActive: 3, connections: 4 }));
    one.state(
      backendReport('web', 'a', { health: 'HEALTH_EJECTED', connectionsActive: 3, connectionsTotal: '104' }),
    );
    one.stopCounting();
    one.clear();
    assert.deepEqual(told, ['a -1>0 2 0', 'a 0>0 1 4', 'a 0>3 0 0', 'a 3>-1 -3 0']);
    assert.deepEqual(keys(one), []);
  });
});
