import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Listener, Pool } from '../../../../core/model/resources.ts';
import { whyNotPortable } from '../../../../data-plane/plan/why-not-portable.ts';
import * as make from '../../../../harness/snapshots.ts';
import { Planner } from '../../../../harness/worker/planner.ts';

const ANY = ['10.0.0.0/8'];
const TLS = {
  certificates: ['web'],
  minVersion: '1.2',
  alpn: [],
  clientCa: '',
  clientCertificate: 'none',
} as const;
const LIMITS = { connections: 1, perSource: 1, rate: 1, ratePerSource: 1, dryRun: false };

const CASES: readonly [lacks: string | null, listener: Partial<Listener>, pool: Partial<Pool>][] = [
  [null, {}, {}],
  [null, { allow: ANY, deny: ANY, limits: LIMITS }, {}],
  ['tls', { tls: TLS }, {}],
  ['routes or accept_proxy_protocol', { acceptProxyProtocol: ANY }, {}],
  ['routes or accept_proxy_protocol', { routes: [{ serverNames: ['a.b'], alpn: [], pool: 'web' }] }, {}],
  ['ranges of ports', { address: '0.0.0.0:80-81' }, {}],
  ['tls of pools', {}, { tls: { serverName: '', verify: true, ca: '' } }],
  ['queue of pools', {}, { queue: { length: 1, timeoutMs: 1_000 } }],
  ['proxy_protocol of pools', {}, { proxyProtocol: 'v2' }],
];

describe('the portable engine', () => {
  for (const [lacks, listener, pool] of CASES) {
    it(`${lacks === null ? 'runs' : 'has words for'} ${JSON.stringify({ listener, pool })}`, () => {
      const { plan } = new Planner().build(make.pool('web', 'default', pool), {
        kind: 'listener',
        value: { name: 'web', address: '0.0.0.0:80', pool: 'web', ...listener },
      });
      const [built] = plan.listeners;
      assert.ok(built);
      const words = `the portable engine of this proxy has no ${lacks}; run it with --engine epoll, on Linux`;
      assert.equal(whyNotPortable(built, plan.pools[built.pool]), lacks && words);
    });
  }
});
