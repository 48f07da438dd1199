/** A control plane reduced to what stands on its store: follower and committer. */
import { Committer } from '../../control-plane/store/log/committer.ts';
import type { ConfigStore } from '../../control-plane/store/config-store.ts';
import { LogFollower } from '../../control-plane/store/log/log-follower.ts';
import type { Outcome } from '../../control-plane/store/log/proposal.ts';
import type { Edit } from '../../core/model/edits/edit.ts';
import { type Clock, systemClock } from '../../core/runtime/clock.ts';
import { type Random, systemRandom } from '../../core/runtime/random.ts';

export interface ProposeOptions {
  readonly requestId?: string;
  readonly requestDigest?: string;
  readonly dryRun?: boolean;
  readonly deadlineMs?: number;
}

let made = 0;

export class Replica {
  readonly store: ConfigStore;
  readonly follower: LogFollower;
  readonly committer: Committer;
  /** The system clock's timers do not keep a process alive; in a real one its servers do. */
  readonly #alive = setInterval(() => undefined, 60_000);

  constructor(
    store: ConfigStore,
    { clock = systemClock, random = systemRandom, queueLimit = 1_000 }: ReplicaOptions = {},
  ) {
    this.store = store;
    this.follower = new LogFollower({ store, clock, random });
    this.committer = new Committer({ store, follower: this.follower, clock, random, queueLimit });
  }

  /** A request id is made where none is given; its digest is that id, unless it is given too. */
  propose(edit: Edit, options: ProposeOptions = {}): Promise<Outcome> {
    const { requestId = `request-${made++}`, dryRun = false, deadlineMs = 20_000 } = options;
    const { requestDigest = `digest of ${requestId}` } = options;
    return this.committer.propose({
      edit,
      requestId,
      requestDigest,
      author: 'test',
      message: '',
      dryRun,
      deadlineMs,
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#alive);
    await this.follower.stop();
    await this.committer.close();
    await this.store.close();
  }
}

export interface ReplicaOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly queueLimit?: number;
}
