/** The resolver of the fleet, with a store and a DNS of the test's own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer, NameResolver } from '../../../../control-plane/names/name-resolver.ts';
import { Names, type NamesDeps } from '../../../../control-plane/names/names.ts';
import {
  isDnsAnswer,
  memberName,
  type Member,
  type MemberValue,
} from '../../../../control-plane/store/member-store.ts';
import { collectingLogger } from '../../../../harness/collecting-logger.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { stateOf } from '../../../../harness/state.ts';

const FAILED = { type: 'failed', reason: 'no DNS server answers' } as const;
const found = (ip: string, ttlMs = 1_000): Answer<string> => ({ type: 'records', records: [ip], ttlMs });

class Stage {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  members: Member[] = [];
  canWrite = true;
  writes = 0;
  renewals = 0;
  /** How long every write takes. */
  slowMs = 0;
  readonly names: Names;

  constructor(dns: readonly string[], answer: (host: string) => Promise<Answer<string>>) {
    const state = stateOf([
      { kind: 'pool', value: { name: 'db', backends: [], dns: dns.map((name) => ({ name })) } },
    ]);
    const position = { storeId: 's', version: 1, revision: 1, hash: '' };
    const resolver: NameResolver = {
      addresses: async (host, family) => {
        if (family === 6) return { type: 'none' };
        this.asked.push(host);
        return answer(host);
      },
      services: async () => ({ type: 'none' }),
    };
    const put = async <Value extends MemberValue>(value: Value) => {
      if (!this.canWrite && value.kind === 'dns') throw new Error('the store is away');
      if (this.slowMs > 0) await new Promise<void>((resolve) => this.clock.after(this.slowMs, resolve));
      this.writes += 1;
      const name = memberName(value);
      const member = { name, value, token: this.writes, alive: true, lease: '' };
      this.members = [...this.members.filter((other) => other.name !== name), member];
      return member;
    };
    this.names = new Names({
      follower: {
        current: () => ({ state, members: this.members, position }),
        storeAgeMs: () => 0,
        catchUp: async () => undefined,
      } as unknown as NamesDeps['follower'],
      memberStore: {
        put,
        renew: async () => {
          this.renewals += 1;
          return [];
        },
        remove: async ({ name }: Member) => {
          if (this.slowMs > 0) await new Promise<void>((resolve) => this.clock.after(this.slowMs, resolve));
          this.members = this.members.filter((member) => member.name !== name);
          return true;
        },
      } as unknown as NamesDeps['memberStore'],
      resolver,
      instanceId: 'this',
      clock: this.clock,
      logger: collectingLogger().logger,
      onResolved: () => undefined,
    });
    this.names.start();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advanceSettling(ms);
  }

  /** How often a host was asked for in the next so many milliseconds. */
  async askedIn(ms: number, host: string): Promise<number> {
    const before = this.asked.length;
    await this.pass(ms);
    return this.asked.slice(before).filter((each) => each === host).length;
  }
}

describe('the resolver of names', () => {
  it('asks for every name in its turn, however many others do not answer', async () => {
    const dead = Array.from({ length: 99 }, (_, index) => `dead${index}.test:80`);
    const stage = new Stage([...dead, 'good.test:80'], async (host) => {
      if (host === 'good.test') return found('10.0.0.1');
      await new Promise<void>((resolve) => stage.clock.after(3_000, resolve));
      return FAILED;
    });
    await stage.pass(20_000);
    assert.ok(stage.asked.includes('good.test'));
    assert.equal(new Set(stage.asked).size, 100);
    await stage.names.stop();
  });

  it('asks no more often while what it learns can’t be written, and writes it when it can', async () => {
    const stage = new Stage(['db.test:80'], async () => found('10.0.0.1', 30_000));
    stage.canWrite = false;
    assert.ok((await stage.askedIn(10_000, 'db.test')) <= 2);
    stage.canWrite = true;
    await stage.pass(31_000);
    assert.deepEqual(
      stage.members.filter(isDnsAnswer).map(({ value }) => value.addresses),
      [[{ address: '10.0.0.1:80' }]],
    );
    await stage.names.stop();
  });

  it('writes nothing for an answer that is the same', async () => {
    const stage = new Stage(['db.test:80'], async () => found('10.0.0.1'));
    await stage.pass(2_000);
    const { writes } = stage;
    assert.ok((await stage.askedIn(10_000, 'db.test')) >= 5);
    assert.equal(stage.writes, writes);
    await stage.names.stop();
  });

  it('leaves no role behind when it stops while it takes the role, and writes nothing afterwards', async () => {
    for (const beforeMs of [250, 900]) {
      const stage = new Stage(['db.test:80'], async () => {
        await new Promise<void>((resolve) => stage.clock.after(2_000, resolve));
        return found('10.0.0.1');
      });
      stage.slowMs = 300;
      await stage.pass(beforeMs);
      const stopped = stage.names.stop();
      await stage.pass(5_000);
      await stopped;
      assert.deepEqual(stage.members, []);
    }
  });

  it('keeps its role and asks while it removes the answers of many names that are gone', async () => {
    const stage = new Stage(['db.test:80'], async () => found('10.0.0.1'));
    const held = { instanceId: 'other', ttlMs: 1, sinceMs: 0 };
    stage.members = Array.from({ length: 500 }, (_, n) => {
      const value = { kind: 'dns', pool: 'old', name: `n${n}.test:80`, addresses: [], ...held } as const;
      return { name: memberName(value), value, token: 1, alive: false, lease: '' };
    });
    stage.slowMs = 50;
    await stage.pass(5_000);
    assert.ok(stage.renewals > 0 && stage.asked.length > 0);
    await stage.pass(10_000);
    assert.deepEqual(stage.members.map(({ name }) => name).sort(), ['dns/db/db.test:80', 'resolver']);
    stage.slowMs = 0;
    await stage.names.stop();
  });

  it('leaves the names to another replica that has the role', async () => {
    const stage = new Stage(['db.test:80'], async () => found('10.0.0.1'));
    const value = { kind: 'resolver', instanceId: 'other', ttlMs: 5_000, sinceMs: 0 } as const;
    const role = { name: 'resolver', value, token: 1, alive: true, lease: '' };
    stage.members = [role];
    assert.equal(await stage.askedIn(5_000, 'db.test'), 0);
    stage.members = [{ ...role, alive: false }];
    assert.ok((await stage.askedIn(2_000, 'db.test')) > 0);
    await stage.names.stop();
  });
});
