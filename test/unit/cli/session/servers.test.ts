import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Servers } from '../../../../cli/session/servers.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';

describe('the servers that lbctl tries', () => {
  let names: Record<string, readonly string[]> = {};
  const servers = (...given: readonly string[]) =>
    new Servers(
      given,
      (host) => (names[host] ? Promise.resolve(names[host]) : Promise.reject(new Error('ENOTFOUND'))),
      new FakeClock(),
    );
  const round = async (of: Servers) => {
    const seen: string[] = [];
    for (let left = await of.count(); left > 0; left -= 1) {
      seen.push(of.current);
      of.next();
    }
    return seen;
  };

  it('are every address of every name, in turn, each once', async () => {
    names = { lb: ['10.0.0.1', '10.0.0.2'] };
    const all = servers('lb:7000', '10.0.0.2:7000', '10.0.0.3:7000');
    assert.deepEqual(await round(all), ['10.0.0.1:7000', '10.0.0.2:7000', '10.0.0.3:7000']);
    assert.equal(all.current, '10.0.0.1:7000');
  });

  it('are looked up again once forgotten, and said when they lead nowhere', async () => {
    names = {};
    const all = servers('lb:7000');
    assert.equal(await all.count(), 0);
    assert.deepEqual(all.failures, ["lb:7000: lb can't be resolved: ENOTFOUND"]);
    names = { lb: ['10.0.0.7'] };
    assert.equal(await all.count(), 0);
    all.forget();
    assert.deepEqual([await round(all), all.failures], [['10.0.0.7:7000'], []]);
  });

  it('keep the one that answered last when they are addresses', async () => {
    const all = servers('10.0.0.1:1', '10.0.0.2:1');
    await all.count();
    all.next();
    all.forget();
    assert.equal(all.current, '10.0.0.2:1');
  });
});
