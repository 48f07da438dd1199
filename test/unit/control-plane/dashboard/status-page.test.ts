/** What the status page shows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statusPage } from '../../../../control-plane/dashboard/status-page.ts';
import { type ProxyRecord, ReportedProxy } from '../../../../control-plane/distribution/proxy-record.ts';
import type { StreamReportsRequest__Output } from '../../../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { applied, backendReport, proxyInfo, report } from '../../../harness/reports.ts';
import { stateOf } from '../../../harness/state.ts';

const state = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }] },
  },
  { kind: 'pool', value: { name: 'api', backends: [] } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
  { kind: 'policy', value: { name: 'unchecked', healthCheck: { type: 'none' } } },
]);
const followed = { state, position: { ...state.head, version: 1 }, members: [] };
const ready = { ready: true } as const;

function proxy(id: string, fields: Partial<StreamReportsRequest__Output>, connected = true): ProxyRecord {
  const made = new ReportedProxy(proxyInfo(id), 0);
  made.fold(report(fields), 5_000);
  made.connected = connected;
  return made;
}

const unhealthy = { health: 'HEALTH_UNHEALTHY', reason: 'connection refused' } as const;

describe('the status page', () => {
  it('has nothing but the reason before the store was read', () => {
    const page = statusPage(null, { ready: false, reason: 'no answer' }, []);
    assert.deepEqual([page.revision, page.storeTrouble, page.pools.rows], [null, 'no answer', []]);
  });

  it('shows pools, listeners and policies by name', () => {
    const { revision, pools, listeners, policies } = statusPage(followed, ready, []);
    assert.equal(revision, 1);
    assert.deepEqual(
      pools.rows.map(({ name, backends }) => [
        name,
        backends.rows.map(({ address, weight }) => [address, weight]),
      ]),
      [
        ['api', []],
        [
          'web',
          [
            ['10.0.0.1:80', 3],
            ['10.0.0.2:80', 1],
          ],
        ],
      ],
    );
    assert.deepEqual(
      listeners.rows.map(({ name, address, pool }) => [name, address, pool]),
      [['web', '0.0.0.0:80', 'web']],
    );
    assert.deepEqual(
      policies.rows.map(({ name, healthCheck }) => [name, healthCheck]),
      [
        ['default', 'tcp every 5s, timeout 2s'],
        ['unchecked', 'none'],
      ],
    );
  });

  it('counts how the connected proxies see a backend, with the reasons', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { ...unhealthy, connectionsActive: 2 })];
    const proxies = [
      proxy('a', { backends }),
      proxy('b', { backends: [backendReport('web', '10.0.0.1:80', { connectionsActive: 3 })] }),
      proxy('gone', { backends }, false),
    ];
    const [first] = statusPage(followed, ready, proxies).pools.rows[1]?.backends.rows ?? [];
    assert.deepEqual(first?.health, { healthy: 1, unhealthy: 1, unknown: 0, ejected: 0 });
    assert.deepEqual([first.reasons, first.connections], [['a: connection refused'], 5]);
  });

  it('counts a health that this program does not know as unknown', () => {
    const backends = [backendReport('web', '10.0.0.1:80', { health: 9 as never })];
    const page = statusPage(followed, ready, [proxy('a', { backends })]);
    assert.equal(page.pools.rows[1]?.backends.rows[0]?.health.unknown, 1);
  });

  it('shows a few reasons and counts the others', () => {
    const backends = [backendReport('web', '10.0.0.1:80', unhealthy)];
    const proxies = Array.from({ length: 8 }, (_, index) => proxy(`p${index}`, { backends }));
    const reasons = statusPage(followed, ready, proxies).pools.rows[1]?.backends.rows[0]?.reasons;
    assert.deepEqual([reasons?.length, reasons?.at(-1)], [6, 'and 3 more']);
  });

  it('shows where a listener can not be bound, and what a proxy refused', () => {
    const failedListeners = [{ listener: 'web', address: '0.0.0.0:80', reason: 'EADDRINUSE' }];
    const rejected = { position: applied(9).position, violations: [{ field: '', description: 'too large' }] };
    const page = statusPage(followed, ready, [
      proxy('a', { applied: applied(0, { failedListeners, rejected }) }),
    ]);
    assert.deepEqual(page.listeners.rows[0]?.failures, ['a: EADDRINUSE']);
    assert.deepEqual(page.proxies.rows[0]?.problems, [
      'refused revision 9: too large',
      'listener web, 0.0.0.0:80: EADDRINUSE',
    ]);
  });

  it('says how far a proxy is behind, and when it was last seen', () => {
    const page = statusPage(followed, ready, [
      proxy('behind', { applied: applied(0) }),
      proxy('new', {}),
      proxy('gone', { applied: applied(1) }, false),
    ]);
    assert.deepEqual(
      page.proxies.rows.map(({ revision, lag, lastSeenMs }) => [revision, lag, lastSeenMs]),
      [
        [0, 1, null],
        [null, 1, null],
        [1, 0, 5_000],
      ],
    );
  });

  it('cuts long lists and says by how much', () => {
    const backends = Array.from({ length: 250 }, (_, index) => ({ address: `10.0.0.${index}:80` }));
    const large = stateOf([{ kind: 'pool', value: { name: 'web', backends } }]);
    const page = statusPage(
      { state: large, position: { ...large.head, version: 1 }, members: [] },
      ready,
      [],
    );
    const rows = page.pools.rows[0]?.backends;
    assert.deepEqual([rows?.rows.length, rows?.more], [100, 150]);
  });
});
