/** Which events are recorded, and which are not: the fleet and the log are real, or as they call the recorder. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { recordEvents } from '../../../../control-plane/fleet/event-recorder.ts';
import { Fleet } from '../../../../control-plane/fleet/fleet.ts';
import type { Followed, LogFollower } from '../../../../control-plane/store/log/log-follower.ts';
import {
  NOBODY,
  applied,
  backendReport,
  poolReport,
  proxyInfo,
  report,
} from '../../../../harness/control-plane/reports.ts';
import { stateOf } from '../../../../harness/state.ts';
import type { PoolReport__Output } from '../../../../core/wire/generated/lb/v1/PoolReport.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const STATE = stateOf([
  { kind: 'policy', value: { name: 'primary', whenNoneHealthy: 'refuse' } },
  { kind: 'pool', value: { name: 'pg', policy: 'primary', backends: [] } },
  { kind: 'pool', value: { name: 'drained', backends: [{ address: '10.0.0.1:80', state: 'draining' }] } },
]);

function rig() {
  const clock = new FakeClock();
  const fleet = new Fleet(clock);
  const listeners: ((followed: Followed) => void)[] = [];
  const commits = Array.from({ length: 5 }, (_, index) => ({
    revision: index + 1,
    timeMs: index,
    author: 'ann',
    message: `m${index + 1}`,
    changes: [{ action: 'created', kind: 'pool', name: `p${index + 1}` }],
  }));
  let revision = 0;
  const follower = {
    onChange: (listener: (followed: Followed) => void) => listeners.push(listener),
    current: () => ({ state: STATE }),
    revisions: (limit: number) => commits.slice(0, revision).slice(-limit).reverse(),
  } as unknown as LogFollower;
  const log = recordEvents({ fleet, follower, clock });
  let version = 0;
  return {
    fleet,
    connect: (id: string) => fleet.connect(proxyInfo(id), NOBODY),
    follow(to: number, ...addresses: readonly string[]) {
      revision = to;
      const members = addresses.map((address) => ({
        name: `backend/web/${address}`,
        value: { kind: 'backend', pool: 'web', address },
      }));
      for (const listener of listeners) listener({ position: { revision }, members } as unknown as Followed);
    },
    /** What is new, in words. */
    events() {
      const found = log.after(version, 0).map(({ text }) => text);
      ({ version } = log);
      return found;
    },
  };
}

const backends = (health: 'HEALTH_HEALTHY' | 'HEALTH_UNHEALTHY', address = '10.0.0.1:80') =>
  report({ backends: [backendReport('web', address, { health, reason: 'refused' })] });

describe('the recorder', () => {
  it('takes the first report of a proxy for how things stand, and what it reports after a reconnect for news', () => {
    const { connect, events } = rig();
    const session = connect('a');
    session.report(backends('HEALTH_UNHEALTHY'));
    session.report(report({ applied: applied(1) }));
    assert.deepEqual(events(), ['proxy a connected']);
    session.report(backends('HEALTH_HEALTHY'));
    session.report(backends('HEALTH_UNHEALTHY', '10.0.0.2:80'));
    session.close();
    assert.deepEqual(events(), [
      'backend 10.0.0.1:80 of pool web is healthy: refused, as proxy a sees it',
      'backend 10.0.0.2:80 of pool web is unhealthy: refused, as proxy a sees it',
      'proxy a was lost: its report stream ended without a goodbye',
    ]);
    const again = connect('a');
    again.report(backends('HEALTH_UNHEALTHY'));
    again.report(report({ ...backends('HEALTH_UNHEALTHY', '10.0.0.2:80'), applied: applied(1) }));
    assert.deepEqual(events(), [
      'proxy a connected',
      'backend 10.0.0.1:80 of pool web is unhealthy: refused, as proxy a sees it',
    ]);
  });

  it('records which tier of a pool serves, and that nothing is healthy, once for all proxies that say so', () => {
    const { connect, events } = rig();
    const [first, second] = [connect('a'), connect('b')];
    for (const session of [first, second]) {
      session.report(report({ pools: [poolReport('old', { servingTier: 3 })], applied: applied(1) }));
    }
    events();
    const say = (fields: Partial<PoolReport__Output>) => {
      for (const session of [first, second]) session.report(report({ pools: [poolReport('pg', fields)] }));
      return events();
    };
    const seen = ', as 2 proxies see it';
    assert.deepEqual(say({ servingTier: 1 }), [
      `pool pg: tier 1 serves: nothing of tier 0 is healthy${seen}`,
    ]);
    assert.deepEqual(say({ noneHealthy: true, servingTier: 1 }), [
      `no backend passes the check of pool pg: new connections are refused${seen}`,
    ]);
    assert.deepEqual(say({}), [
      `a backend of pool pg passes its check again${seen}`,
      `pool pg: tier 0 serves${seen}`,
    ]);
    assert.deepEqual(say({ servingSince: null }), []);
    for (const pool of ['drained', 'deleted']) {
      first.report(report({ pools: [poolReport(pool, { noneHealthy: true })] }));
      events();
      first.report(report({ pools: [poolReport(pool, { servingSince: null })] }));
      assert.deepEqual(events(), [], `${pool}: nothing passes its check again`);
    }
    first.close();
    const none = poolReport('pg', { noneHealthy: true });
    connect('a').report(report({ pools: [none], applied: applied(1) }));
    assert.equal(
      events().at(-1),
      'no backend passes the check of pool pg: new connections are refused, as proxy a sees it',
    );
  });

  it('records what a proxy refuses and can not bind, once each, and that two processes share an id', () => {
    const { fleet, connect, events } = rig();
    const session = connect('a');
    const failed = { listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' };
    const rejected = { position: applied(7).position, violations: [{ field: 'f', description: 'is wrong' }] };
    const all = applied(1, { failedListeners: [failed], rejected });
    for (const what of [applied(1), all, all, applied(2)]) session.report(report({ applied: what }));
    fleet.connect(proxyInfo('a', 'other'), NOBODY);
    session.report(report());
    session.report(report({ stopping: true }));
    session.close();
    assert.deepEqual(events(), [
      'proxy a connected',
      'proxy a refused revision 7 and keeps what it had: f: is wrong',
      "proxy a can't serve listener web on 0.0.0.0:80: EADDRINUSE",
      'proxy a has no failure of listener web on 0.0.0.0:80 any more',
      'proxy a connected',
      'two processes report as proxy a: one from , and one from ; give each its own --proxy-id',
      'proxy a stopped cleanly',
    ]);
  });

  it('records that a certificate was read again, or could not be', () => {
    const { connect, events } = rig();
    const session = connect('a');
    const www = { name: 'www', expiresAt: { seconds: '1800000000', nanos: 0 }, problem: '' };
    const renewed = { ...www, expiresAt: { seconds: '1900000000', nanos: 0 } };
    const missing = { name: 'new', expiresAt: null, problem: 'it is not there' };
    const broken = { ...renewed, problem: 'it has no private key' };
    for (const certificates of [[www], [www, missing], [renewed], [broken], [broken], [renewed]])
      session.report(report({ applied: applied(1, { certificates }) }));
    assert.deepEqual(events(), [
      'proxy a connected',
      'proxy a uses a new certificate www, which is valid until 2030-03-17T17:46:40.000Z',
      "proxy a can't use the new file of certificate www and keeps the one before: it has no private key",
    ]);
  });

  it('records the commits that are in the log at the start and every later one, and registrations from then on', () => {
    const { follow, events } = rig();
    follow(2, '10.0.0.1:80');
    assert.deepEqual(events(), ['revision 1 by ann: created pool p1', 'revision 2 by ann: created pool p2']);
    follow(2);
    follow(5, '10.0.0.2:80');
    assert.deepEqual(events(), [
      'backend 10.0.0.1:80 of pool web has left',
      ...[3, 4, 5].map((each) => `revision ${each} by ann: created pool p${each}`),
      'backend 10.0.0.2:80 of pool web registered itself',
    ]);
  });
});
