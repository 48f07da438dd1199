/** What the services of the API are made from. */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { Fleet } from '../distribution/fleet.ts';
import type { Memberships } from '../membership/memberships.ts';
import type { Unary } from '../rpc/answer.ts';
import type { OpenStreams } from '../rpc/streams.ts';
import type { LogFollower } from '../store/log-follower.ts';
import type { MakeChange } from './change.ts';

export interface ApiDeps {
  readonly unary: Unary;
  readonly change: MakeChange;
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly members: Memberships;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}
