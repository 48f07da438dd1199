/** What is written to a terminal. */
import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { Screen } from '../../../../cli/top/screen.ts';

function terminal() {
  const written: string[] = [];
  const raw: boolean[] = [];
  const size = { columns: 80, rows: 24 };
  const state = { isSlow: false };
  const output = new Writable({
    decodeStrings: false,
    highWaterMark: 1_000,
    write(chunk: string, _encoding, done) {
      written.push(chunk);
      if (!state.isSlow) done();
    },
  });
  Object.defineProperty(output, 'columns', { get: () => size.columns });
  Object.defineProperty(output, 'rows', { get: () => size.rows });
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
  return { screen: new Screen(input, output), written, raw, size, state };
}

describe('the screen', () => {
  it('is entered and left once, whatever is called', () => {
    const { screen, written, raw } = terminal();
    screen.leave();
    screen.enter();
    screen.enter();
    screen.leave();
    screen.leave();
    assert.deepEqual(raw, [true, false]);
    assert.equal(written.length, 2);
    assert.match(written[0] ?? '', /\?1049h.*\?25l/);
    assert.match(written[1] ?? '', /\?25h.*\?1049l/);
  });

  it('is drawn with one write, of the lines that changed', () => {
    const { screen, written } = terminal();
    screen.enter();
    screen.draw(['one', 'two']);
    screen.draw(['one', 'three']);
    screen.draw(['one', 'three']);
    assert.equal(written.length, 3);
    assert.match(written[1] ?? '', /one.*two/);
    assert.ok(written[2]?.includes('three') && !written[2].includes('one'));
  });

  it('is drawn whole after a resize, a return, and when asked to', () => {
    const { screen, written, size } = terminal();
    screen.enter();
    screen.draw(['one']);
    size.columns = 100;
    screen.draw(['one']);
    screen.leave();
    screen.enter();
    screen.draw(['one']);
    screen.forget();
    screen.draw(['one']);
    screen.enterAgain();
    screen.draw(['one']);
    assert.equal(written.filter((text) => text.includes('one')).length, 5);
  });

  it('is not drawn while it is left, or while the terminal has not taken the last picture', () => {
    const { screen, written, state } = terminal();
    screen.draw(['one']);
    assert.equal(written.length, 0);
    screen.enter();
    state.isSlow = true;
    screen.draw(['x'.repeat(2_000)]);
    screen.draw(['two']);
    assert.ok(!written.some((text) => text.includes('two')));
  });
});
