/** Registrations while the store is full, the process stands still, or the clock is set. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  HOLD_MS,
  NOTHING_SEEN,
  stepExpiry,
} from '../../../../../control-plane/store/members/expiry-machine.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { emptyState } from '../../../../../core/model/fold.ts';
import { MemberRig } from '../../../../../harness/store/member-rig.ts';
import { commitOn } from '../../../../../harness/state.ts';
import { registration } from '../../../../contract/store/member-store.contract.ts';

const TTL = 9_000;
const web = (fields = {}) => registration('10.0.0.1:80', { ttlMs: TTL, ...fields });

async function rig() {
  const made = new MemberRig();
  const state = emptyState(made.log.storeId);
  const created = createPool({ name: 'web', backends: [] })(state);
  assert.ok(created.ok);
  assert.ok(made.log.append(made.log.head, [commitOn(state, created.changes)]));
  const one = made.replica();
  await made.pass(0);
  return { made, one };
}

describe('a living registration', () => {
  it('is taken over without a write, and kept, where the store is full', async () => {
    const { made, one } = await rig();
    await one.register(web());
    await one.kill();
    const two = made.replica();
    two.memberStore.full = true;
    await made.pass(1_000);
    // A later start of the same stream: `sinceMs` is that of the first one.
    const { told } = await two.register(web({ sinceMs: 1_800_000_000_000 }));
    assert.deepEqual(told, ['registered active']);
    await assert.rejects(two.register(web({ weight: 7 })), { code: 'RESOURCE_EXHAUSTED' });
    await made.pass(10 * TTL);
    assert.deepEqual(await two.registered(), ['10.0.0.1:80 active']);
    assert.deepEqual(told, ['registered active']);
  });

  it('is not taken for silent by a process that stood still before it has read what came meanwhile', async () => {
    const { made, one } = await rig();
    const { hold, told } = await one.register(web());
    one.registrations.heard(hold);
    await made.pass(TTL / 3);
    // SIGSTOP, or a frozen control group: timers are due first, and what waits in the sockets is read then.
    made.clock.stall(3 * TTL);
    made.clock.advance(0);
    one.registrations.heard(hold);
    await made.pass(TTL / 2);
    assert.ok(
      told.every((line) => line === 'registered active'),
      told.join(),
    );
    assert.deepEqual(await one.registered(), ['10.0.0.1:80 active']);
    await made.pass(2 * TTL);
    assert.equal(told.at(-1), 'UNAVAILABLE');
  });

  it('is held for five minutes by time that only goes forward, wherever the clock is set', () => {
    for (const setMs of [-3_600_000, 3_600_000]) {
      const value = web({ state: 'expiring', heldUntilMs: HOLD_MS });
      const registrations = [{ name: 'backend/web/10.0.0.1:80', value, token: 1, alive: false, lease: '' }];
      let { state } = stepExpiry(NOTHING_SEEN, { registrations, nowMs: 0, wallMs: 0 });
      const effectsAt = (nowMs: number) => {
        const step = stepExpiry(state, { registrations, nowMs, wallMs: nowMs + setMs });
        ({ state } = step);
        return step.effects.map(({ type }) => type);
      };
      assert.deepEqual(effectsAt(HOLD_MS - 1), []);
      assert.deepEqual(effectsAt(HOLD_MS), ['remove']);
    }
  });
});
