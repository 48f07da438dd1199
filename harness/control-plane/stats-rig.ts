/** The statistics of a fleet from reports made by hand, on a fake clock. */
import { FleetStats } from '../../control-plane/fleet/fleet-stats.ts';
import { Fleet, type ReportSession } from '../../control-plane/fleet/fleet.ts';
import type { Followed } from '../../control-plane/store/log/log-follower.ts';
import type { ResourceDraft } from '../../core/model/draft.ts';
import type { State } from '../../core/model/state.ts';
import type { BackendTraffic__Output } from '../../core/wire/generated/lb/v1/BackendTraffic.ts';
import type { HistogramBounds__Output } from '../../core/wire/generated/lb/v1/HistogramBounds.ts';
import type { StreamReportsRequest__Output } from '../../core/wire/generated/lb/v1/StreamReportsRequest.ts';
import { FakeClock } from '../fake-clock.ts';
import { NOBODY, proxyInfo } from './reports.ts';
import { stateOf } from '../state.ts';

export class StatsRig {
  readonly clock = new FakeClock();
  readonly fleet = new Fleet(this.clock);
  #followed: Followed | null = null;
  readonly stats = new FleetStats({
    fleet: this.fleet,
    follower: { current: () => this.#followed },
    clock: this.clock,
  });

  /** Two pools and a proxy whose reports came a second apart, when the rates include the last one. */
  static reported(...reports: readonly StreamReportsRequest__Output[]): StatsRig {
    const rig = new StatsRig();
    rig.configure(WEB);
    const session = rig.connect('a');
    for (const [index, each] of reports.entries()) {
      if (index > 0) rig.clock.advance(1_000);
      session.report(each);
    }
    rig.clock.advance(3_000);
    return rig;
  }

  configure(state: State): void {
    const { revision } = state.head;
    const position = {
      storeId: 'store',
      version: revision,
      revision,
      hash: `commit-${revision}`,
      replaces: [],
    };
    this.#followed = { state, position, members: [] } as unknown as Followed;
  }

  connect(id: string, instanceId?: string): ReportSession {
    return this.fleet.connect(proxyInfo(id, instanceId), NOBODY);
  }
}

/** What a stream says of its histograms at its start. */
export function histogramBounds(...connect: readonly number[]): HistogramBounds__Output {
  return { connect: [...connect], firstByte: [], duration: [] };
}

/** The traffic of one backend since the report before. `connect`: observations by bucket. */
export function traffic(
  key: string,
  { connectionsActive = 0, connections = 0, connect = [] as readonly number[] } = {},
): BackendTraffic__Output {
  return {
    backends: [key],
    connectionsActive: [connectionsActive],
    connections: [connections],
    connectFailures: [0],
    bytesToBackend: [0],
    bytesFromBackend: [0],
    connect: connect.flatMap((count, bucket) => (count === 0 ? [] : [0, bucket, count])),
    firstByte: [],
  };
}

const pool = (name: string, ...addresses: readonly string[]): ResourceDraft => ({
  kind: 'pool',
  value: { name, backends: addresses.map((address) => ({ address })) },
});

/** Two pools, and a listener before one of them. */
export const WEB = stateOf([
  pool('web', '10.0.0.1:80', '10.0.0.2:80'),
  pool('api', '10.0.1.1:80'),
  { kind: 'listener', value: { name: 'front', address: '0.0.0.0:80', pool: 'web' } },
]);
