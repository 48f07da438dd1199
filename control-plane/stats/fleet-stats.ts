/** What goes through the fleet, as frames: rates, quantiles and health of everything, once a second. */
import { type Clock, every, type Timer } from '../../core/runtime/clock.ts';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import type { TrafficStats__Output } from '../../core/wire/generated/lb/v1/TrafficStats.ts';
import { durationToWire } from '../../core/wire/duration-codec.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { Fleet } from '../distribution/fleet.ts';
import { appliedRevision } from '../distribution/proxy-record.ts';
import { mergeMembers } from '../snapshot/merge.ts';
import type { LogFollower } from '../store/log-follower.ts';

const TICK_MS = 1_000;
export const WINDOW_MS = 10_000;
export const PAST_MS = 15 * 60_000;
export const DEFAULT_BACKENDS = 200;

export interface FleetStatsDeps {
  readonly fleet: Fleet;
  readonly follower: Pick<LogFollower, 'current'>;
  readonly clock: Clock;
}

/** What of a frame somebody wants to see. */
export interface StatsFilter {
  /** Left out: all pools. */
  readonly pool?: string;
  /** The most backends, the busiest; left out: DEFAULT_BACKENDS. */
  readonly maxBackends?: number;
}

export class FleetStats {
  readonly #deps: FleetStatsDeps;
  readonly #watchers = new Set<() => void>();
  readonly #tick: Timer;

  constructor(deps: FleetStatsDeps) {
    this.#deps = deps;
    this.#tick = every(deps.clock, TICK_MS, () => {
      for (const watcher of this.#watchers) watcher();
    });
  }

  /** The newest frame. Whoever asks for the same within a second gets the same. */
  frame({ pool, maxBackends = DEFAULT_BACKENDS }: StatsFilter = {}): StatsFrame__Output {
    const { fleet, follower, clock } = this.#deps;
    const followed = follower.current();
    const state = followed === null ? null : mergeMembers(followed.state, followed.members).state;
    const connected = fleet.list().filter((proxy) => proxy.connected);
    const wanted = (name: string) => pool === undefined || pool === name;
    const backends = [...(state?.pools.values() ?? [])]
      .filter(({ value }) => wanted(value.name))
      .flatMap((stored) => [...stored.backends.values()])
      .map(({ value: { pool, address } }) => {
        const reports = connected.flatMap((proxy) => proxy.backends.get(`${pool}/${address}`) ?? []);
        const seen = (health: string) => reports.filter((report) => report.health === health).length;
        return {
          backend: { pool, address },
          traffic: traffic(reports.reduce((sum, report) => sum + report.connectionsActive, 0)),
          proxiesHealthy: seen('HEALTH_HEALTHY'),
          proxiesUnhealthy: seen('HEALTH_UNHEALTHY'),
          proxiesUnknown: seen('HEALTH_UNKNOWN'),
          proxiesEjected: seen('HEALTH_EJECTED'),
        };
      });
    const activeOf = (listener: string) =>
      connected.reduce((sum, proxy) => sum + (proxy.listeners.get(listener)?.connectionsActive ?? 0), 0);
    const listeners = [...(state?.listeners.values() ?? [])];
    return {
      time: { seconds: '0', nanos: 0, ...(timestampToWire(clock.wallMs()) as object) },
      revision: String(followed?.position.revision ?? 0),
      window: { seconds: '0', nanos: 0, ...(durationToWire(WINDOW_MS) as object) },
      total: traffic(listeners.reduce((sum, { value }) => sum + activeOf(value.name), 0)),
      listeners: listeners
        .filter(({ value }) => wanted(value.pool))
        .map(({ value }) => ({
          listener: value.name,
          pool: value.pool,
          traffic: traffic(activeOf(value.name)),
          closedPerSecond: {},
        })),
      pools: [...(state?.pools.values() ?? [])]
        .filter(({ value }) => wanted(value.name))
        .map(({ value, backends: own }) => ({
          pool: value.name,
          traffic: traffic(
            backends
              .filter(({ backend }) => backend.pool === value.name)
              .reduce((sum, backend) => sum + backend.traffic.connectionsActive, 0),
          ),
          backends: own.size,
          backendsUp: backends.filter((one) => one.backend.pool === value.name && one.proxiesHealthy > 0)
            .length,
        })),
      backends: backends.slice(0, maxBackends),
      moreBackends: Math.max(0, backends.length - maxBackends),
      proxies: fleet.list().map((proxy) => ({
        proxyId: proxy.info.id,
        traffic: traffic(0),
        connected: proxy.connected,
        revision: String(Math.max(0, appliedRevision(proxy))),
        cpus: 0,
        residentBytes: '0',
        saturated: false,
        maxConnections: 0,
      })),
    };
  }

  /** Frames of so much of the past, oldest first. They have no backends. */
  past(_filter: StatsFilter, _historyMs: number): readonly StatsFrame__Output[] {
    return [];
  }

  /** Calls `watcher` whenever there is a new frame, once a second. Returns a way to stop. */
  onFrame(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  stop(): void {
    this.#tick.cancel();
    this.#watchers.clear();
  }
}

function traffic(connectionsActive: number): TrafficStats__Output {
  return {
    connectionsActive,
    connectionsPerSecond: 0,
    errorsPerSecond: 0,
    bytesInPerSecond: 0,
    bytesOutPerSecond: 0,
    connect: null,
    firstByte: null,
    duration: null,
  };
}
