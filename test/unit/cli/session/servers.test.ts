import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Servers } from '../../../../cli/session/servers.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

describe('the servers that lbctl tries', () => {
  let names: Record<string, readonly string[]> = {};
  const servers = (...given: readonly string[]) =>
    new Servers(
      given,
      (host) => (names[host] ? Promise.resolve(names[host]) : Promise.reject(new Error('ENOTFOUND'))),
      new FakeClock(),
    );

  it('are every address of every name, each once, the one that answered last first', async () => {
    names = { lb: ['10.0.0.1', '10.0.0.2'] };
    const all = servers('lb:7000', '10.0.0.2:7000', '10.0.0.3:7000');
    assert.deepEqual(await all.inOrder(), ['10.0.0.1:7000', '10.0.0.2:7000', '10.0.0.3:7000']);
    all.answered('10.0.0.2:7000');
    assert.deepEqual(await all.inOrder(), ['10.0.0.2:7000', '10.0.0.3:7000', '10.0.0.1:7000']);
  });

  it('are looked up again once forgotten, and said when they lead nowhere', async () => {
    names = {};
    const all = servers('lb:7000');
    assert.deepEqual(await all.inOrder(), []);
    assert.deepEqual(all.failures, ["lb:7000: lb can't be resolved: ENOTFOUND"]);
    names = { lb: ['10.0.0.7'] };
    assert.deepEqual(await all.inOrder(), []);
    all.forget();
    assert.deepEqual([await all.inOrder(), all.failures], [['10.0.0.7:7000'], []]);
  });
});
