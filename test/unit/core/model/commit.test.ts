import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatOf } from '../../../../core/model/commit.ts';
import {
  completeBackend,
  completeListener,
  completePolicy,
  completePool,
  type ListenerDraft,
  type PolicyDraft,
  type PoolDraft,
} from '../../../../core/model/draft.ts';

describe('the format of a commit, a checkpoint and a snapshot', () => {
  const policy = (fields: Omit<PolicyDraft, 'name'>) =>
    formatOf([{ kind: 'policy', value: completePolicy({ name: 'p', ...fields }) }]);
  const backend = (tier?: number) =>
    formatOf([
      {
        kind: 'backend',
        value: completeBackend('web', { address: '10.0.0.1:80', ...(tier !== undefined && { tier }) }),
      },
    ]);

  const pool = (fields: Partial<PoolDraft>) =>
    formatOf([{ kind: 'pool', value: completePool({ name: 'web', ...fields }) }]);
  const listener = (fields: Partial<ListenerDraft>) => {
    const value = completeListener({ name: 'web', address: '[::]:80', pool: 'web', ...fields });
    return formatOf([{ kind: 'listener', value }]);
  };

  it('is 1 as long as nothing of a later format is used, defaults that are written out included', () => {
    const formats = [
      formatOf([]),
      policy({}),
      policy({ healthCheck: { type: 'none' }, connectionLog: { oneIn: 5 } }),
      policy({ onUnhealthy: 'keep', slowStartMs: 0, maxLifetimeMs: 0, expectHealthy: 0 }),
      backend(),
      backend(0),
      pool({ proxyProtocol: 'none', queue: { length: 0, timeoutMs: 5_000 }, dns: [] }),
      listener({ firstBytesTimeoutMs: 3_000, ipv6Only: false, routes: [], allow: [], deny: [] }),
      listener({ acceptProxyProtocol: [], limits: { rate: 0, dryRun: false } }),
    ];
    assert.deepEqual(
      formats,
      formats.map(() => 1),
    );
  });

  it('is 2 with any field that came with it', () => {
    const formats = [
      ...(['tls', 'http', 'https'] as const).map((type) => policy({ healthCheck: { type } })),
      policy({ healthCheck: { type: 'script', script: [{ expect: 'x' }] } }),
      policy({ healthCheck: { port: 1 } }),
      policy({ healthCheck: { unhealthyIntervalMs: 5_000 } }),
      policy({ whenNoneHealthy: 'use_all' }),
      policy({ onUnhealthy: 'close' }),
      policy({ slowStartMs: 1 }),
      policy({ maxLifetimeMs: 1_000 }),
      policy({ expectHealthy: 1 }),
      backend(1),
    ];
    assert.deepEqual(
      formats,
      formats.map(() => 2),
    );
  });

  it('is 3 with any field that came with it, and with what an address could not say before', () => {
    const place = (fields: object) =>
      formatOf([{ kind: 'backend', value: completeBackend('web', { address: '10.0.0.1:80', ...fields }) }]);
    const formats = [
      policy({ healthCheck: { proxyProtocol: 'off' } }),
      policy({ healthCheck: { timeoutMs: 6_000 } }),
      policy({ healthCheck: { unhealthyIntervalMs: 1_000, timeoutMs: 2_000 } }),
      pool({ proxyProtocol: 'v2' }),
      pool({ queue: { length: 1 } }),
      pool({ tls: {} }),
      pool({ dns: [{ name: '_pg._tcp.example.com' }] }),
      place({ maxConnections: 1 }),
      place({ address: '10.0.0.1' }),
      place({ address: '[2001:db8::1]' }),
      listener({ address: '0.0.0.0:80-90' }),
      listener({ ipv6Only: true }),
      listener({ routes: [{ serverNames: ['a.example.com'], pool: 'web' }] }),
      listener({ firstBytesTimeoutMs: 1_000 }),
      listener({ tls: { certificates: ['www'] } }),
      listener({ acceptProxyProtocol: ['10.0.0.0/8'] }),
      listener({ allow: ['10.0.0.0/8'] }),
      listener({ deny: ['10.0.0.0/8'] }),
      listener({ limits: { rate: 1 } }),
    ];
    assert.deepEqual(
      formats,
      formats.map(() => 3),
    );
  });
});
