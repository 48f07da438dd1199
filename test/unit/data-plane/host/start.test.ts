/** What a proxy decides and says when it starts: which engine runs, and whether ports are used again. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseEngine } from '../../../../data-plane/host/engine-choice.ts';
import { clientMigrationAdvice, portReuseAdvice } from '../../../../data-plane/host/kernel-settings.ts';

const OBSTACLE = 'koffi does not load: no such file';

describe('the choice of an engine', () => {
  for (const [choice, obstacle, engine, fellBack] of [
    ['auto', null, 'epoll', null],
    ['epoll', null, 'epoll', null],
    ['auto', OBSTACLE, 'portable', OBSTACLE],
    ['portable', null, 'portable', null],
    ['portable', OBSTACLE, 'portable', null],
  ] as const) {
    it(`is ${engine} for ${choice} where epoll ${obstacle ? 'cannot run' : 'runs'}`, () =>
      assert.deepEqual(chooseEngine(choice, obstacle), { engine, fellBack }));
  }

  it('is an error for epoll where it cannot run', () => {
    const words =
      /--engine epoll cannot run here: koffi does not load: no such file; use --engine portable or auto/;
    assert.throws(() => chooseEngine('epoll', OBSTACLE), words);
  });
});

describe('what is said of tcp_tw_reuse', () => {
  const cases = [
    ['nothing when ports are used again', '1\n', null],
    ['a warning when somebody switched it off', '0\n', 'warn'],
    ['no more than a note when it is what the kernel comes with', '2\n', 'info'],
    ['nothing where it can’t be read', '', null],
    ['nothing of a value that no kernel had yet', '3\n', null],
  ] as const;
  for (const [what, value, level] of cases) {
    it(what, () => assert.equal(portReuseAdvice(value)?.level ?? null, level));
  }

  for (const value of ['0', '2']) {
    it(`says at ${value} what happens and what to do`, () => {
      const message = portReuseAdvice(value)?.message ?? '';
      for (const part of [`tcp_tw_reuse is ${value}`, '28,000 ports', '470', 'sysctl', '--source-address']) {
        assert.ok(message.includes(part), `${part} in: ${message}`);
      }
    });
  }
});

describe('what is said of tcp_migrate_req to proxies that share their listeners', () => {
  for (const value of ['1\n', '', '2\n']) {
    it(`is nothing at ${JSON.stringify(value)}`, () => assert.equal(clientMigrationAdvice(value), null));
  }

  it('is a warning at 0, with what happens and what to do', () => {
    const { level, message } = clientMigrationAdvice('0\n') ?? assert.fail();
    assert.equal(level, 'warn');
    assert.match(message, /wait for a second.* are reset; set net.ipv4.tcp_migrate_req to 1 with sysctl/);
  });
});
