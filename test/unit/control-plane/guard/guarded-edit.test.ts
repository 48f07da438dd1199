import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import { fleetFacts } from '../../../../control-plane/guard/fleet-facts.ts';
import { GuardedEdit } from '../../../../control-plane/guard/guarded-edit.ts';
import { addBackends, removeBackends } from '../../../../core/model/edits/backend.ts';
import type { State } from '../../../../core/model/state.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import {
  NOBODY,
  applied,
  backendReport,
  proxyInfo,
  report,
} from '../../../../harness/control-plane/reports.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const CONFIGURED = '10.0.0.1:80';
const REGISTERED = ['10.0.9.1:80', '10.0.9.2:80'];
const STATE = stateOf([
  { kind: 'pool', value: { name: 'web', backends: [{ address: CONFIGURED }] } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
]);

/** A fleet of one proxy that finds everything healthy, and of one that is away. */
function fleetOf({ away = false } = {}) {
  const fleet = new Fleet(new FakeClock(), 0);
  const backends = [CONFIGURED, ...REGISTERED].map((address) => backendReport('web', address));
  fleet.connect(proxyInfo('here'), NOBODY).report(report({ applied: applied(1), backends }));
  if (away) fleet.connect(proxyInfo('away'), NOBODY).close();
  return fleet;
}

interface Given {
  readonly dryRun?: boolean;
  readonly fleet?: Fleet;
  /** The most that was configured in the last ten minutes; null: not known. */
  readonly earlier?: number | null;
}

function remove(
  withRegistered: (state: State) => State,
  { dryRun = false, fleet = fleetOf(), earlier = 1 }: Given = {},
) {
  const then = earlier === null ? null : { active: earlier, complete: true };
  const sources = { fleet: () => fleetFacts(fleet), recentMost: () => then, withRegistered };
  const guarded = new GuardedEdit(removeBackends('web', [CONFIGURED]), sources, { force: false, dryRun });
  return { result: guarded.edit(STATE), findings: guarded.findings };
}

const alone = (state: State) => state;
const withRegistered = (state: State) =>
  after(
    state,
    addBackends(
      'web',
      REGISTERED.map((address) => ({ address })),
    ),
  );

describe('an edit behind the guard', () => {
  it('is refused if it takes the last backend, but not if others registered themselves', () => {
    assert.equal(remove(alone).result.ok, false);
    assert.equal(remove(withRegistered).result.ok, true);
  });

  it('says in a dry run what it does, registered backends included', () => {
    const [pool] = remove(withRegistered, { dryRun: true }).findings.effects.poolEffects;
    assert.deepEqual(pool?.backends?.map(({ address, shareAfter }) => [address, shareAfter]).sort(), [
      [CONFIGURED, 0],
      ...REGISTERED.map((address) => [address, 0.5]),
    ]);
  });

  it('notes that a proxy on the roster does not report here', () => {
    assert.deepEqual(remove(withRegistered).findings.notes, []);
    const { notes } = remove(withRegistered, { fleet: fleetOf({ away: true }) }).findings;
    assert.match(notes.join(), /not every proxy on the roster reports/);
  });

  it('compares with the most that was configured in the last ten minutes, and what is registered now', () => {
    assert.equal(remove(withRegistered, { earlier: 2 }).result.ok, true);
    assert.deepEqual(
      remove(withRegistered, { earlier: 3 }).findings.refused.map(({ description }) => description),
      ['would have 2 active backends, less than half (it has 3 now, and had 5 in the last ten minutes)'],
    );
  });

  it('notes that the configuration of ten minutes ago is unknown', () => {
    const { result, findings } = remove(withRegistered, { earlier: null });
    assert.equal(result.ok, true);
    assert.match(findings.notes.join(), /could not look back ten minutes/);
  });
});
