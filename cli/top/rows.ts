/** A frame as rows: what each view lists, in one shape for all of them. Pure. */
import { totalOf, worstHealth } from '../../core/view/health.ts';
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { PoolStats__Output } from '../../core/wire/generated/lb/v1/PoolStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { ZERO_TRAFFIC_STATS } from '../../core/wire/zero-traffic-stats.ts';
import type { Tone } from '../output/style.ts';

export const VIEWS = ['backends', 'pools', 'listeners', 'proxies'] as const;
export type View = (typeof VIEWS)[number];

export interface Row {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone | null;
  readonly traffic: TrafficStats__Output;
  /** Of proxies only. */
  readonly process?: { readonly cpus: number; readonly residentBytes: number; readonly revision: string };
}

/** What an operator, or a lost registration, made of a backend. */
export interface OutOfService {
  /** `draining`, `disabled`, ... */
  readonly state: string;
  readonly sinceMs: number | null;
  /** `draining 3d`. */
  readonly text: string;
}

/** By POOL/ADDRESS. A backend that is not in it is active. */
export type States = ReadonlyMap<string, OutOfService>;

/** `pool`: the one that all rows are of, which their names leave out then. */
export function rowsOf(
  frame: StatsFrame__Output,
  view: View,
  pool: string | undefined,
  states: States,
): Row[] {
  const row = (
    name: string,
    [state, tone]: readonly [state: string, tone: Tone | null],
    traffic: TrafficStats__Output | null,
  ): Row => ({ name, state, tone, traffic: traffic ?? ZERO_TRAFFIC_STATS });
  switch (view) {
    case 'backends':
      return frame.backends.map((backend) => {
        const key = backend.backend ?? { pool: '', address: '' };
        const fullName = `${key.pool}/${key.address}`;
        const [health, tone] = backendState(backend, states.get(fullName));
        const state = [health + tierText(backend.tier), tone] as const;
        return row(pool === undefined ? fullName : key.address, state, backend.traffic);
      });
    case 'pools':
      return frame.pools.map((pool) => row(pool.pool, poolState(pool), pool.traffic));
    case 'listeners':
      return frame.listeners.map(({ listener, pool: to, traffic }) =>
        row(listener, [`→ ${to}`, null], traffic),
      );
    case 'proxies':
      return frame.proxies.map(
        ({ proxyId, connected, saturated, traffic, cpus, residentBytes, revision }) => ({
          ...row(proxyId, proxyState(connected, saturated), traffic),
          process: { cpus, residentBytes: Number(residentBytes), revision },
        }),
      );
  }
}

/** What an operator made of it comes first; then what the proxies find, `1/3 up` where they differ. */
function backendState(backend: BackendStats__Output, out: OutOfService | undefined): readonly [string, Tone] {
  if (out !== undefined) return [out.text, 'doubtful'];
  const counts = {
    healthy: backend.proxiesHealthy,
    unhealthy: backend.proxiesUnhealthy,
    unknown: backend.proxiesUnknown,
    ejected: backend.proxiesEjected,
  };
  const all = totalOf(counts);
  if (all === 0) return ['unseen', 'doubtful'];
  // At a proxy there are never more than its limit: so many in all are as many as may be everywhere.
  const most = backend.maxConnections * all;
  if (most > 0 && (backend.traffic?.connectionsActive ?? 0) >= most) return ['full', 'doubtful'];
  if (counts.healthy === all) return ['healthy', 'good'];
  if (counts.healthy > 0) return [`${counts.healthy}/${all} up`, 'doubtful'];
  const worst = worstHealth(counts);
  return [worst, worst === 'unknown' ? 'doubtful' : 'bad'];
}

function proxyState(connected: boolean, saturated: boolean): readonly [string, Tone] {
  if (!connected) return ['disconnected', 'bad'];
  return saturated ? ['full', 'bad'] : ['connected', 'good'];
}

/** `2/3 up`, or `1/1 expected`; `12 wait, 2/3` while connections wait because the backends are full. */
function poolState(pool: PoolStats__Output): readonly [string, Tone] {
  const { backends, backendsUp: up, expectedHealthy: expected, waiting } = pool;
  const tone = expected === 0 ? upTone(up, backends) : up === expected ? 'good' : 'bad';
  const share = `${up}/${expected || backends}`;
  if (waiting > 0) return [`${waiting} wait, ${share}`, tone === 'good' ? 'doubtful' : tone];
  const tier = tierText(pool.servingTier);
  return [expected === 0 ? `${share} up${tier}` : `${share} expected${tier}`, tone];
}

/** Nothing of the first one, which most pools have alone. */
function tierText(tier: number): string {
  return tier === 0 ? '' : ` t${tier}`;
}

function upTone(up: number, all: number): Tone {
  if (up === all && all > 0) return 'good';
  return up === 0 ? 'bad' : 'doubtful';
}

const SAMPLES_KEPT = 30;

/** The newest samples of each row, for its sparkline: connections per second. */
export class Samples {
  #series = new Map<string, number[]>();

  /** What is not in the frame is forgotten. */
  add(frame: StatsFrame__Output, pool: string | undefined): void {
    const next = new Map<string, number[]>();
    for (const view of VIEWS) {
      for (const { name, traffic } of rowsOf(frame, view, pool, new Map())) {
        const samples = [...this.of(view, name), traffic.connectionsPerSecond];
        next.set(`${view} ${name}`, samples.slice(-SAMPLES_KEPT));
      }
    }
    this.#series = next;
  }

  of(view: View, name: string): readonly number[] {
    return this.#series.get(`${view} ${name}`) ?? [];
  }
}
