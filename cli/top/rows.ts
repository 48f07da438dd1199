/** A frame as rows: what each view lists, one shape for all of them. Pure. */
import type { BackendStats__Output } from '../../core/wire/generated/lb/v1/BackendStats.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { NO_TRAFFIC } from '../../core/wire/no-traffic.ts';
import type { Tone } from '../output/style.ts';
import { short } from '../../core/view/figures.ts';

export const VIEWS = ['backends', 'pools', 'listeners', 'proxies'] as const;
export type View = (typeof VIEWS)[number];

export interface Row {
  readonly name: string;
  readonly state: string;
  readonly tone: Tone | null;
  readonly active: number;
  readonly connections: number;
  readonly errors: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Seconds; null: nothing was observed. */
  readonly connect50: number | null;
  readonly connect99: number | null;
  readonly firstByte99: number | null;
  /** Of proxies only. */
  readonly process: { readonly cpus: number; readonly bytes: number; readonly revision: string } | null;
}

/** What operators made of backends, by POOL/ADDRESS: `draining`, `disabled`, ... One that is not in it is active. */
export type States = ReadonlyMap<string, string>;

/** `pool`: the one that all rows are of, so that it need not be said in each. */
export function rowsOf(
  frame: StatsFrame__Output,
  view: View,
  pool: string | undefined,
  states: States,
): Row[] {
  switch (view) {
    case 'backends':
      return frame.backends.map((backend) => backendRow(backend, pool, states));
    case 'pools':
      return frame.pools.map(({ pool: name, traffic, backends, backendsUp }) => ({
        name,
        state: `${backendsUp}/${backends} up`,
        tone: upTone(backendsUp, backends),
        process: null,
        ...figures(traffic),
      }));
    case 'listeners':
      return frame.listeners.map(({ listener, pool: to, traffic }) => ({
        name: listener,
        state: `→ ${to}`,
        tone: null,
        process: null,
        ...figures(traffic),
      }));
    case 'proxies':
      return frame.proxies.map((proxy) => ({
        name: proxy.proxyId,
        ...proxyState(proxy.connected, proxy.saturated),
        process: { cpus: proxy.cpus, bytes: Number(proxy.residentBytes), revision: proxy.revision },
        ...figures(proxy.traffic),
      }));
  }
}

function backendRow(backend: BackendStats__Output, pool: string | undefined, states: States): Row {
  const key = backend.backend ?? { pool: '', address: '' };
  const full = `${key.pool}/${key.address}`;
  return {
    name: pool === undefined ? full : key.address,
    ...backendState(backend, states.get(full) ?? 'active'),
    process: null,
    ...figures(backend.traffic),
  };
}

/** What an operator wants of it comes first; then what the proxies find, `1/3 up` where they differ. */
function backendState(backend: BackendStats__Output, wanted: string): Pick<Row, 'state' | 'tone'> {
  if (wanted !== 'active') return { state: wanted, tone: 'doubtful' };
  const { proxiesHealthy, proxiesUnhealthy, proxiesUnknown, proxiesEjected } = backend;
  const all = proxiesHealthy + proxiesUnhealthy + proxiesUnknown + proxiesEjected;
  if (all === 0) return { state: 'unseen', tone: 'doubtful' };
  if (proxiesHealthy === all) return { state: 'healthy', tone: 'good' };
  if (proxiesHealthy > 0) return { state: `${proxiesHealthy}/${all} up`, tone: 'doubtful' };
  if (proxiesUnhealthy > 0) return { state: 'unhealthy', tone: 'bad' };
  return proxiesEjected > 0 ? { state: 'ejected', tone: 'bad' } : { state: 'unknown', tone: 'doubtful' };
}

function proxyState(connected: boolean, saturated: boolean): Pick<Row, 'state' | 'tone'> {
  if (!connected) return { state: 'away', tone: 'bad' };
  return saturated ? { state: 'full', tone: 'bad' } : { state: 'here', tone: 'good' };
}

function upTone(up: number, all: number): Tone {
  if (up === all && all > 0) return 'good';
  return up === 0 ? 'bad' : 'doubtful';
}

function figures(traffic: TrafficStats__Output | null): Omit<Row, 'name' | 'state' | 'tone' | 'process'> {
  const { connect, firstByte, ...rates } = traffic ?? NO_TRAFFIC;
  return {
    active: rates.connectionsActive,
    connections: rates.connectionsPerSecond,
    errors: rates.errorsPerSecond,
    bytesIn: rates.bytesInPerSecond,
    bytesOut: rates.bytesOutPerSecond,
    connect50: connect?.p50 ?? null,
    connect99: connect?.p99 ?? null,
    firstByte99: firstByte?.p99 ?? null,
  };
}

/** `1.5` CPUs and `120M` of memory, as they are shown. */
export function processTexts({ process }: Row): readonly [string, string, string] {
  if (process === null) return ['', '', ''];
  return [process.cpus.toFixed(2), short(process.bytes), process.revision];
}
