/** Which engine runs, and what is said when it can't. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseEngine } from '../../../../data-plane/host/engine-choice.ts';

const OBSTACLE = 'koffi does not load: no such file';

describe('the choice of an engine', () => {
  it('is epoll where it runs, without a flag', () => {
    assert.deepEqual(chooseEngine('auto', null), { engine: 'epoll', fellBack: null });
    assert.deepEqual(chooseEngine('epoll', null), { engine: 'epoll', fellBack: null });
  });

  it('falls back with auto alone, and says why', () => {
    assert.deepEqual(chooseEngine('auto', OBSTACLE), { engine: 'portable', fellBack: OBSTACLE });
    assert.throws(
      () => chooseEngine('epoll', OBSTACLE),
      /--engine epoll cannot run here: koffi does not load: no such file; use --engine portable or auto/,
    );
  });

  it('is the portable one when it is named', () => {
    assert.deepEqual(chooseEngine('portable', null), { engine: 'portable', fellBack: null });
    assert.deepEqual(chooseEngine('portable', OBSTACLE), { engine: 'portable', fellBack: null });
  });
});
