/** What the services of the API need. */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { EventLog } from '../fleet/event-log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Members } from '../store/members/members.ts';
import type { Unary } from '../rpc/unary.ts';
import type { OpenStreams } from '../rpc/open-streams.ts';
import type { FleetStats } from '../fleet/fleet-stats.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { RevisionReader } from '../store/log/revision-reader.ts';
import type { MakeChange } from './make-change.ts';

export interface ApiDeps {
  readonly unary: Unary;
  readonly change: MakeChange;
  /** The same on a freshly read store, whatever was followed before; for AdoptStore. */
  readonly changeOnFreshLog: MakeChange;
  readonly follower: LogFollower;
  readonly revisions: RevisionReader;
  readonly fleet: Fleet;
  readonly stats: FleetStats;
  readonly events: EventLog;
  readonly members: Members;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}
