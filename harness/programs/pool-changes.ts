/** Everything an operator does to a pool in a busy day, through lbctl, while traffic runs. */
import assert from 'node:assert/strict';
import type { Strategy } from '../../core/model/resources.ts';
import { metricSum, succeed, type Lbctl, type Proxy } from './fleet.ts';
import { eventually } from './processes.ts';

export interface LivePool {
  readonly lbctl: Lbctl;
  readonly proxy: Proxy;
  readonly pool: string;
  /** In the pool from the start; both stay in the end. */
  readonly first: string;
  readonly second: string;
  /** Added on the way, and kept. */
  readonly added: string;
}

/** Declares a policy, a pool with two backends and a listener, and waits until the proxy runs them. */
export async function declarePool(live: LivePool, listener: string): Promise<void> {
  const manifest = [
    {
      kind: 'Policy',
      name: live.pool,
      strategy: 'round_robin',
      health_check: { interval: '200ms', timeout: '200ms' },
    },
    {
      kind: 'Pool',
      name: live.pool,
      policy: live.pool,
      backends: [{ address: live.first }, { address: live.second }],
    },
    { kind: 'Listener', name: live.pool, address: listener, pool: live.pool },
  ];
  const documents = manifest.map((document) => JSON.stringify(document)).join('\n---\n');
  await succeed(live.lbctl, ['apply', '-f', '-', '--wait'], documents);
}

/** Adds, drains, enables, disables and removes backends, changes a weight and goes through these strategies. */
export async function changeEverything(live: LivePool, strategies: readonly Strategy[]): Promise<void> {
  const { lbctl, pool, first, second, added } = live;
  const backend = (...args: string[]) => succeed(lbctl, ['backend', ...args]);
  await backend('add', pool, added, '--wait');
  await getsConnections(live, added);
  for (const strategy of strategies) {
    await succeed(lbctl, ['set', 'policy', pool, '--strategy', strategy, '--wait']);
  }
  await succeed(lbctl, ['set', 'policy', pool, '--strategy', 'least_connections', '--wait']);
  await backend('set', pool, added, '--weight', '3');
  await backend('drain', pool, first, '--wait');
  assert.equal(await metricSum(live.proxy, 'lb_backend_connections_active', `backend="${first}"`), 0);
  await backend('enable', pool, first, '--wait');
  await backend('remove', pool, second, '--wait');
  await backend('disable', pool, first);
  await backend('enable', pool, first, '--wait');
  await backend('add', pool, second, '--wait');
  await getsConnections(live, first);
  await getsConnections(live, second);
}

/** Waits until a backend gets connections it did not have before. */
async function getsConnections({ proxy }: LivePool, address: string): Promise<void> {
  const total = () => metricSum(proxy, 'lb_backend_connections_total', `backend="${address}"`);
  const before = await total();
  await eventually(
    async () => ((await total()) > before ? true : undefined),
    `new connections to ${address}`,
  );
}
