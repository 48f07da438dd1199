/** What lbctl sends of fields: those that were named, and no others. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangeResult } from '../../../core/wire/generated/lb/v1/ChangeResult.ts';
import type { Backend__Output } from '../../../core/wire/generated/lb/v1/Backend.ts';
import type { Listener__Output } from '../../../core/wire/generated/lb/v1/Listener.ts';
import type { Pool__Output } from '../../../core/wire/generated/lb/v1/Pool.ts';
import type { Policy__Output } from '../../../core/wire/generated/lb/v1/Policy.ts';
import {
  listenerDraftFromWire,
  policyDraftFromWire,
  poolDraftFromWire,
} from '../../../core/wire/resource-codec.ts';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';

const DONE: ChangeResult = { revision: '42' };

describe('create and set', () => {
  it('updates only the fields that were named', async (t) => {
    const fake = await startFakeControlPlane(t, {
      UpdatePolicy: () => DONE,
      UpdateListener: () => DONE,
      UpdatePool: () => DONE,
    });
    const lbctl = lbctlFor(fake.address);
    const flags = [
      ['--strategy', 'random', 'strategy'],
      ['--health-check', 'https', 'health_check.type'],
      ['--interval', '1s', 'health_check.interval'],
      ['--check-timeout', '250ms', 'health_check.timeout'],
      ['--healthy-threshold', '4', 'health_check.healthy_threshold'],
      ['--unhealthy-threshold', '5', 'health_check.unhealthy_threshold'],
      ['--unhealthy-interval', '500ms', 'health_check.unhealthy_interval'],
      ['--check-port', '8008', 'health_check.port'],
      ['--check-path', '/primary', 'health_check.http.path'],
      ['--check-host', 'pg', 'health_check.http.host'],
      ['--check-status', '200,300-399', 'health_check.http.status'],
      ['--connect-timeout', '2s', 'connect.timeout'],
      ['--retries', '0', 'connect.retries'],
      ['--idle-timeout', '0s', 'timeouts.idle'],
      ['--half-closed-timeout', '1m30s', 'timeouts.half_closed'],
      ['--drain-timeout', '1h', 'drain_timeout'],
      ['--when-none-healthy', 'use_all', 'when_none_healthy'],
      ['--on-unhealthy', 'close', 'on_unhealthy'],
      ['--slow-start', '30s', 'slow_start'],
      ['--max-lifetime', '1h', 'max_lifetime'],
      ['--expect-healthy', '1', 'expect_healthy'],
      ['--log-one-in', '100', 'connection_log.one_in'],
    ] as const;
    await succeed(lbctl, ['set', 'policy', 'steady', ...flags.flatMap(([flag, value]) => [flag, value])]);
    const { policy, updateMask } = fake.requests[0]?.request ?? {};
    const { paths } = updateMask as { readonly paths: readonly string[] };
    assert.deepEqual([...paths].sort(), flags.map(([, , path]) => path).sort());
    assert.deepEqual(policyDraftFromWire(policy as Policy__Output, '', []), {
      name: 'steady',
      strategy: 'random',
      healthCheck: {
        type: 'https',
        intervalMs: 1_000,
        timeoutMs: 250,
        healthyThreshold: 4,
        unhealthyThreshold: 5,
        unhealthyIntervalMs: 500,
        port: 8_008,
        http: { path: '/primary', host: 'pg', status: ['200', '300-399'] },
      },
      connect: { timeoutMs: 2_000, retries: 0 },
      timeouts: { idleMs: 0, halfClosedMs: 90_000 },
      drainTimeoutMs: 3_600_000,
      connectionLog: { oneIn: 100 },
      whenNoneHealthy: 'use_all',
      onUnhealthy: 'close',
      slowStartMs: 30_000,
      maxLifetimeMs: 3_600_000,
      expectHealthy: 1,
    });
    await succeed(lbctl, ['set', 'listener', 'web', '--pool', 'green']);
    assert.deepEqual(fake.requests[1]?.request['updateMask'], { paths: ['pool'] });
    await succeed(lbctl, ['set', 'pool', 'web', '--policy', 'steady']);
    assert.deepEqual(fake.requests[2]?.request['updateMask'], { paths: ['policy'] });
    const nothing = await lbctl(['set', 'policy', 'steady']);
    assert.equal(nothing.code, 2, nothing.stderr);
    assert.equal(fake.requests.length, 3);
  });

  it('sets fields of pools, listeners and backends, and names only those', async (t) => {
    const methods = ['CreatePool', 'UpdatePool', 'CreateListener', 'UpdateListener', 'UpdateBackend'];
    const fake = await startFakeControlPlane(t, Object.fromEntries(methods.map((one) => [one, () => DONE])));
    const sent = async (...args: readonly string[]) => {
      await succeed(lbctlFor(fake.address), [...args]);
      return fake.requests.at(-1)?.request ?? {};
    };
    const { pool } = await sent(
      'create',
      'pool',
      'w',
      '--backend',
      '10.0.0.1:80,max_connections=9',
      '--proxy-protocol',
      'v2',
    );
    assert.deepEqual(poolDraftFromWire(pool as Pool__Output, '', []), {
      name: 'w',
      proxyProtocol: 'v2',
      backends: [{ address: '10.0.0.1:80', maxConnections: 9 }],
    });
    const queue = await sent('set', 'pool', 'w', '--queue-length', '5', '--queue-timeout', '1s');
    assert.deepEqual(queue['updateMask'], { paths: ['queue.length', 'queue.timeout'] });
    const { listener } = await sent(
      'create',
      'listener',
      'w',
      '--address',
      '0.0.0.0:80-90',
      '--pool',
      'w',
      '--deny',
      '10.0.0.0/8,::/0',
      '--limit-rate',
      '7',
    );
    assert.deepEqual(listenerDraftFromWire(listener as Listener__Output, '', []), {
      name: 'w',
      address: '0.0.0.0:80-90',
      pool: 'w',
      deny: ['10.0.0.0/8', '::/0'],
      limits: { rate: 7 },
    });
    // An empty list is one that lets everybody in.
    const { listener: open, updateMask } = await sent('set', 'listener', 'w', '--allow', '');
    assert.deepEqual([updateMask, (open as Listener__Output).allow], [{ paths: ['allow'] }, []]);
    const { backend } = await sent('backend', 'set', 'w', '10.0.0.1:80', '--max-connections', '0');
    assert.equal((backend as Backend__Output).maxConnections, 0);
  });
});
