/** What every MemberStore promises. Each kind of store runs this suite with a harness of its own. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { ConfigStore } from '../../../control-plane/store/config-store.ts';
import type {
  DnsAnswer,
  Member,
  MemberStore,
  Registration,
} from '../../../control-plane/store/member-store.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { commitsAfter } from './config-store.contract.ts';

interface OpenedMembers {
  readonly store: ConfigStore;
  readonly members: MemberStore;
}

export interface MemberHarness {
  /** Before the first test. */
  start(): Promise<void>;
  /** What is opened from now on is empty. */
  fresh(): Promise<void>;
  /** Log and members, as another process would open them. */
  open(): OpenedMembers;
  /** Lets so much time pass for the leases. */
  pass(ms: number): Promise<void>;
  /** After the last test. */
  stop(): Promise<void>;
}

/** The shortest lease that an etcd keeps with its usual timings. */
const SHORT_MS = 2_000;

export function registration(address: string, fields: Partial<Registration> = {}): Registration {
  return {
    kind: 'backend',
    pool: 'web',
    address,
    weight: 1,
    state: 'active',
    instanceId: `instance of ${address}`,
    ttlMs: 60_000,
    sinceMs: 1_700_000_000_000,
    ...fields,
  };
}

const proxy = (id: string) =>
  ({ kind: 'proxy', id, zone: '', instanceId: `${id}-1`, ttlMs: 600_000, sinceMs: 1 }) as const;

/** As many addresses as a name may have, each as long as it can be. */
const largestAnswer: DnsAnswer = {
  kind: 'dns',
  pool: 'web',
  name: `${'n'.repeat(240)}.test:65535`,
  addresses: Array.from({ length: 256 }, (_, n) => ({
    address: `[2001:db8:ffff:ffff:ffff:ffff:ffff:f${(n + 256).toString(16)}]:65535`,
    weight: 1_000,
    tier: 7,
  })),
  problem: 'p'.repeat(300),
  heldUntilMs: 1_700_000_000_000,
  instanceId: 'one',
  ttlMs: 600_000,
  sinceMs: 1,
};

export function memberStoreContract(kind: string, harness: MemberHarness): void {
  describe(`the contract of member stores: ${kind}`, () => {
    let opened: OpenedMembers[] = [];
    const open = () => {
      const made = harness.open();
      opened.push(made);
      return made;
    };
    before(() => harness.start());
    after(() => harness.stop());
    beforeEach(() => harness.fresh());
    afterEach(async () => {
      for (const { store } of opened) await store.close();
      opened = [];
    });
    const one = async (members: MemberStore, name: string): Promise<Member> =>
      (await members.read()).members.find((member) => member.name === name) ?? assert.fail(`no ${name}`);
    const names = async (members: MemberStore) =>
      (await members.read()).members.map(({ name, alive }) => `${name}${alive ? '' : ' (ended)'}`);
    it('is empty at first, and creates the store', async () => {
      const { store, members } = open();
      const { position, members: none } = await members.read();
      assert.deepEqual(none, []);
      assert.deepEqual({ ...(await store.head()), version: 0 }, { ...position, version: 0 });
    });

    it('shows what was put, sorted, to everybody, and at a higher version', async () => {
      const [{ members: one }, { members: other }] = [open(), open()];
      const { position } = await one.read();
      const values = [
        registration('10.0.0.2:80', { weight: 7 }),
        registration('[::1]:80'),
        largestAnswer,
        proxy('edge-1'),
        { kind: 'resolver', instanceId: 'one', ttlMs: 600_000, sinceMs: 1 } as const,
      ];
      for (const value of values) assert.ok(await one.put(value, null));
      for (const look of await Promise.all([one.read(), other.read()])) {
        assert.deepEqual(
          look.members.map(({ value, alive }) => ({ value, alive })),
          values.map((value) => ({ value, alive: true })),
        );
        assert.ok(look.position.version > position.version);
        assert.ok(look.members.every(({ token }) => token <= look.position.version));
      }
    });

    it('gives the same array while nothing changes, commits and renewals apart', async () => {
      const { store, members } = open();
      const member = (await members.put(registration('10.0.0.1:80'), null)) ?? assert.fail();
      const before = await members.read();
      assert.deepEqual(await members.renew([member]), []);
      const head = await store.head();
      await store.append(head, commitsAfter(head, 1));
      const after = await members.read();
      assert.equal(after.members, before.members);
      assert.equal(after.position.revision, 1);
    });

    it('changes and removes a member only for a replica that has read it as it is', async () => {
      const [{ members: one }, { members: other }] = [open(), open()];
      const value = registration('10.0.0.1:80');
      const first = (await one.put(value, null)) ?? assert.fail();
      assert.equal(await other.put(value, null), null);
      const second = (await other.put({ ...value, weight: 2 }, first)) ?? assert.fail();
      assert.ok(second.token > first.token);
      assert.equal(await one.put({ ...value, weight: 3 }, first), null);
      assert.equal(await one.remove(first, false), false);
      assert.deepEqual((await one.read()).members[0]?.value, { ...value, weight: 2 });
      assert.deepEqual(await one.renew([second]), []);
      assert.equal(await other.remove(second, false), true);
      assert.equal(await other.remove(second, false), false);
      assert.deepEqual(await names(one), []);
    });

    it('lets one of many writers put a member that is not there', async () => {
      const clients = [open(), open(), open(), open()];
      const puts = await Promise.all(
        clients.map(({ members }, index) =>
          members.put(registration('10.0.0.1:80', { weight: index }), null),
        ),
      );
      const winners = puts.filter((put) => put !== null);
      assert.equal(winners.length, 1);
      assert.deepEqual((await clients[0]?.members.read())?.members[0]?.value, winners[0]?.value);
    });

    it('keeps a lease that is renewed, lets the others end, and keeps their members until they are removed', async () => {
      const [{ members: one }, { members: other }] = [open(), open()];
      const [renewed, left, back] = [1, 2, 3].map((index) =>
        registration(`10.0.0.${index}:80`, { ttlMs: SHORT_MS }),
      ) as [Registration, Registration, Registration];
      const kept = (await one.put(renewed, null)) ?? assert.fail();
      for (const value of [left, back]) assert.ok(await one.put(value, null));
      for (let round = 0; round < 4; round++) {
        await harness.pass(SHORT_MS / 2);
        assert.deepEqual(await one.renew([kept]), []);
      }
      const [ended, thought] = await eventually(async () => {
        const { members } = await one.read();
        const dead = members.filter(({ alive }) => !alive);
        return dead.length === 2 ? (dead as [Member, Member]) : undefined;
      }, 'the leases end that nobody renews');
      assert.deepEqual(await names(one), [
        'backend/web/10.0.0.1:80',
        'backend/web/10.0.0.2:80 (ended)',
        'backend/web/10.0.0.3:80 (ended)',
      ]);
      assert.equal(await one.remove(ended, true), true);
      // One that is alive again is not removed by a replica that thinks its lease has ended.
      const alive = (await other.put(back, thought)) ?? assert.fail();
      for (const seen of [thought, alive]) assert.equal(await one.remove(seen, true), false);
      assert.deepEqual(await names(one), ['backend/web/10.0.0.1:80', 'backend/web/10.0.0.3:80']);
    });

    it('says which leases could not be renewed', async () => {
      const { members } = open();
      const [one, two] = [registration('10.0.0.1:80'), registration('10.0.0.2:80')];
      const first = (await members.put(one, null)) ?? assert.fail();
      const second = (await members.put(two, null)) ?? assert.fail();
      await members.remove(first, false);
      const lost = await members.renew([first, second]);
      // etcd renews a lease that has lost its member, and the next look shows that it is gone.
      assert.ok(lost.every((name) => name === first.name));
      assert.deepEqual(await names(members), ['backend/web/10.0.0.2:80']);
    });

    it('keeps the members of a store that is closed and opened again', async () => {
      const { store, members } = open();
      const put = await members.put(registration('10.0.0.1:80'), null);
      await store.close();
      const { members: again } = open();
      assert.deepEqual(await one(again, 'backend/web/10.0.0.1:80'), put);
      assert.equal(await again.remove(put ?? assert.fail(), false), true);
    });

    it('wakes those who asked for it when another one has put a member', async () => {
      const [{ members: writer }, { store, members: reader }] = [open(), open()];
      let wakes = 0;
      const wake = () => {
        wakes += 1;
      };
      const stops = [store.onWake(wake), reader.onWake(wake)];
      await reader.read();
      let made = 0;
      await eventually(async () => {
        await writer.put(registration(`10.0.1.${(made += 1)}:80`), null);
        return wakes > 0 ? true : undefined;
      }, 'a wake');
      for (const stop of stops) stop();
    });
  });
}
