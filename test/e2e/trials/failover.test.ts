/** docs/failover.md in short: databases behind the manifests of their pages while the primary fails. No write comes to a replica, and no client is stuck. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OURS } from '../../../bench/trials/balancers.ts';
import { SYSTEMS, type SystemName } from '../../../bench/trials/system.ts';
import { type Fault, Trial } from '../../../bench/trials/trial.ts';
import { isRoot } from '../../../harness/containers/network.ts';
import { busyness } from '../../../harness/programs/processes.ts';
import { present, type RealProgram } from '../../../harness/programs/real-servers.ts';

const STUCK_MS = 2_000;

interface ShortTrial {
  readonly system: SystemName;
  readonly needs: readonly RealProgram[];
  readonly faults: readonly Fault[];
}

/** A machine that is stopped shows the most: nothing passes its check meanwhile, its clients wait, and it wakes up as the old primary. */
const TRIALS: readonly ShortTrial[] = [
  { system: 'redis', needs: ['redis-server', 'redis-sentinel'], faults: ['kill', 'freeze'] },
  { system: 'patroni', needs: ['patroni', 'postgres', 'etcd'], faults: ['freeze'] },
  { system: 'galera', needs: ['mariadbd'], faults: ['kill'] },
];

describe('clients of a database whose primary fails', { concurrency: true }, () => {
  for (const { system, needs, faults } of TRIALS) {
    it(`${SYSTEMS[system].title}: ${faults.join(', ')}`, async (t) => {
      if (!isRoot(t) || !present(t, 'nft', ...needs)) return;
      const trial = await Trial.start(t, SYSTEMS[system], false);
      for (const fault of faults) {
        const figures = (await trial.round(fault)).get(OURS);
        assert.ok(figures !== undefined && figures.acknowledged > 0);
        // The checks of a busy machine are late; a client that nobody cuts off waits until its server wakes up.
        const stuck = figures.waits.filter(
          ({ sentAt, endedAt }) => endedAt - Math.max(sentAt, 0) > STUCK_MS * busyness(),
        );
        assert.deepEqual({ onReplica: figures.onReplica, stuck }, { onReplica: 0, stuck: [] }, fault);
      }
    });
  }
});
