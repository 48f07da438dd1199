import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isName, lookUp } from '../../../../core/runtime/name-lookup.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const clock = new FakeClock();
const leadsTo =
  (...addresses: readonly string[]) =>
  () =>
    Promise.resolve(addresses);

describe('the name of a control plane', () => {
  it('is told from an address', () => {
    assert.deepEqual(['10.0.0.1:7000', '[::1]:7000', 'localhost:7000', 'lb.example:7000'].map(isName), [
      false,
      false,
      true,
      true,
    ]);
  });

  it('stands for every address that it leads to, sorted and each once', async () => {
    const found = await lookUp('lb.example:7000', leadsTo('10.0.0.2', '10.0.0.1', '10.0.0.2'), clock);
    assert.deepEqual(found, { ok: true, addresses: ['10.0.0.1:7000', '10.0.0.2:7000'] });
  });

  it('stands for its addresses of both families, IPv4 first: a control plane may listen on one alone', async () => {
    const both = await lookUp('localhost:7000', leadsTo('::1', '127.0.0.1'), clock);
    assert.deepEqual(both, { ok: true, addresses: ['127.0.0.1:7000', '[::1]:7000'] });
    const only = await lookUp('lb.example:7000', leadsTo('fd00::2', 'fd00::1'), clock);
    assert.deepEqual(only, { ok: true, addresses: ['[fd00::1]:7000', '[fd00::2]:7000'] });
  });

  it('that leads nowhere, or whose resolver hangs, is said to, in bounded time', async () => {
    assert.deepEqual(await lookUp('lb.example:1', leadsTo(), clock), {
      ok: false,
      reason: 'lb.example has no address',
    });
    const failing = await lookUp('lb.example:1', () => Promise.reject(new Error('ENOTFOUND')), clock);
    assert.deepEqual(failing, { ok: false, reason: "lb.example can't be resolved: ENOTFOUND" });
    const hanging = lookUp('lb.example:1', () => new Promise(() => undefined), clock);
    clock.advance(5_000);
    const late = await hanging;
    assert.ok(!late.ok && late.reason.includes('no answer within 5 s'));
    assert.equal(clock.pending, 0);
  });
});
