import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import type { ReplicaClient } from '../../../../core/wire/clients.ts';
import { ReplicaDirectory } from '../../../../data-plane/subscription/replica-directory.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

describe('the replicas of a proxy', () => {
  let clock: FakeClock;
  let names: Record<string, readonly string[]>;
  let lookups: number;
  let closed: string[];
  let told: (readonly string[])[];

  beforeEach(() => {
    clock = new FakeClock();
    names = {};
    lookups = 0;
    closed = [];
    told = [];
  });

  function directory(...given: readonly string[]): ReplicaDirectory {
    return new ReplicaDirectory({
      given,
      connect: (address) => ({ address, close: () => closed.push(address) }) as unknown as ReplicaClient,
      lookup: (host) => {
        lookups += 1;
        const found = names[host];
        return found ? Promise.resolve(found) : Promise.reject(new Error('ENOTFOUND'));
      },
      clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
  }

  const addresses = (replicas: readonly ReplicaClient[]) => replicas.map(({ address }) => address);
  const start = async (replicas: ReplicaDirectory) => {
    replicas.start((now) => {
      assert.deepEqual(
        closed.filter((address) => addresses(now).includes(address)),
        [],
      );
      told.push(addresses(now));
    });
    await clock.advanceSettling(0);
  };

  it('are there at once where they are addresses, and no resolver is ever asked', async () => {
    const replicas = directory('10.0.0.1:7000', '[::1]:7000');
    assert.deepEqual(addresses(replicas.replicas), ['10.0.0.1:7000', '[::1]:7000']);
    await start(replicas);
    replicas.hurry();
    await clock.advanceSettling(3_600_000);
    assert.deepEqual([lookups, told], [0, []]);
  });

  it('are all that a name leads to, and follow it', async () => {
    names = { lb: ['10.0.0.1', '10.0.0.2'] };
    const replicas = directory('lb:7000', '10.0.0.9:7000');
    assert.deepEqual(addresses(replicas.replicas), ['10.0.0.9:7000']);
    await start(replicas);
    assert.deepEqual(told.at(-1)?.toSorted(), ['10.0.0.1:7000', '10.0.0.2:7000', '10.0.0.9:7000']);
    names = { lb: ['10.0.0.2', '10.0.0.3'] };
    await clock.advanceSettling(40_000);
    assert.deepEqual(told.at(-1)?.toSorted(), ['10.0.0.2:7000', '10.0.0.3:7000', '10.0.0.9:7000']);
    assert.deepEqual(closed, ['10.0.0.1:7000']);
    const before = told.length;
    await clock.advanceSettling(400_000);
    assert.equal(told.length, before, 'nothing is said while nothing changes');
  });

  it('stay as they were while the name can not be resolved', async () => {
    names = { lb: ['10.0.0.1'] };
    const replicas = directory('lb:7000');
    await start(replicas);
    names = {};
    await clock.advanceSettling(600_000);
    assert.deepEqual(addresses(replicas.replicas), ['10.0.0.1:7000']);
    assert.deepEqual(closed, []);
  });

  it('are looked for again with backoff until there are some', async () => {
    await start(directory('lb:7000'));
    await clock.advanceSettling(10_000);
    const early = lookups;
    assert.ok(early >= 4, `${early} lookups`);
    await clock.advanceSettling(600_000);
    assert.ok(lookups - early < 45, `${lookups - early} lookups in ten minutes`);
    names = { lb: ['10.0.0.1'] };
    await clock.advanceSettling(30_000);
    assert.deepEqual(told, [['10.0.0.1:7000']]);
  });

  it('are looked for sooner when none answers, and not without end', async () => {
    names = { lb: ['10.0.0.1'] };
    const replicas = directory('lb:7000');
    await start(replicas);
    names = { lb: ['10.0.0.2'] };
    replicas.hurry();
    await clock.advanceSettling(1_000);
    assert.deepEqual(told.at(-1), ['10.0.0.2:7000']);
    lookups = 0;
    for (let second = 0; second < 600; second += 1) {
      replicas.hurry();
      await clock.advanceSettling(1_000);
    }
    assert.ok(lookups > 20 && lookups < 60, `${lookups} lookups in ten minutes`);
    replicas.stop();
    assert.deepEqual(closed, ['10.0.0.1:7000', '10.0.0.2:7000']);
    assert.equal(clock.pending, 0);
  });
});
