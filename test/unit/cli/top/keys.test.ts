/** Keys off a terminal, and what they do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keysOf } from '../../../../cli/top/keys.ts';
import { FIRST_STATE, press, type ViewState } from '../../../../cli/top/view-state.ts';

describe('what a terminal sends', () => {
  for (const { input, keys } of [
    { input: 'q', keys: ['q'] },
    { input: '\u001b[A\u001bOB\u001b[5~\u001b[6~', keys: ['up', 'down', 'pageup', 'pagedown'] },
    { input: '\u001b[H\u001b[F\t\r\u007f', keys: ['home', 'end', 'tab', 'enter', 'backspace'] },
    { input: '\u001b', keys: ['escape'] },
    { input: '\u0003\u001a', keys: ['ctrl-c', 'ctrl-z'] },
    { input: 'a\u001b[200~\u0001b', keys: ['a', 'b'] },
    { input: 'é🙂', keys: ['é', '🙂'] },
  ]) {
    it(`${JSON.stringify(input)} is ${keys.join(' ')}`, () => assert.deepEqual(keysOf(input), keys));
  }
});

/** The state after these keys, with 100 rows of which 10 fit. */
function after(keys: readonly string[], from: ViewState = FIRST_STATE): ViewState {
  return keys.reduce((state, key) => press(state, key, 100, 10), from);
}

describe('keys', () => {
  it('switch the view, and begin at its top', () => {
    assert.equal(after(['p']).view, 'pools');
    assert.equal(after(['x', 'b']).view, 'backends');
    assert.deepEqual(
      ['tab', 'tab', 'tab', 'tab'].map((_, index, all) => after(all.slice(0, index + 1)).view),
      ['pools', 'listeners', 'proxies', 'backends'],
    );
    assert.equal(after(['down', 'l']).offset, 0);
  });

  it('sort by a column that the view has, and the other way the second time', () => {
    assert.deepEqual([after(['e']).sort, after(['e']).reversed], ['e', false]);
    assert.equal(after(['e', 'e']).reversed, true);
    assert.equal(after(['e', 'e', 'a']).reversed, false);
    assert.equal(after(['r']).reversed, true);
    assert.equal(after(['u']).sort, 'c');
    assert.equal(after(['x', 'u']).sort, 'u');
    assert.equal(after(['x', 'u', 'b']).sort, 'c');
  });

  it('scroll by a row or a page, and no further than there are rows', () => {
    assert.equal(after(['down', 'down', 'up']).offset, 1);
    assert.equal(after(['up']).offset, 0);
    assert.equal(after(['pagedown', 'pagedown']).offset, 20);
    assert.equal(after(['end', 'down']).offset, 90);
    assert.equal(after(['end', 'pageup', 'home']).offset, 0);
    assert.equal(press({ ...FIRST_STATE, offset: 90 }, 'up', 15, 10).offset, 4);
  });

  it('type a filter, in which they are text', () => {
    const typed = after(['/', 'q', 'b', 'x', 'backspace']);
    assert.deepEqual([typed.filter, typed.typing, typed.view, typed.quit], ['qb', true, 'backends', false]);
    const done = after(['enter'], typed);
    assert.deepEqual([done.filter, done.typing], ['qb', false]);
    assert.equal(after(['escape'], typed).filter, '');
    assert.equal(after(['escape'], done).filter, '');
    assert.equal(after(['tab', 'ctrl-l'], typed).filter, 'qb');
    assert.equal(
      after(
        Array.from({ length: 99 }, () => 'a'),
        typed,
      ).filter.length,
      60,
    );
  });

  it('quit, also while a filter is typed', () => {
    assert.equal(after(['q']).quit, true);
    assert.equal(after(['/', 'q', 'ctrl-c']).quit, true);
  });
});
