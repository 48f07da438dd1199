/** Which engine runs, and what is said when it can't. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseEngine } from '../../../../data-plane/host/engine-choice.ts';

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
