import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import type { Logger } from '../../../../core/runtime/logger.ts';
import { TokenFile } from '../../../../core/runtime/token-file.ts';
import { temporaryFolder } from '../../../../harness/programs/processes.ts';

describe('a token file', () => {
  let said: string[];
  beforeEach(() => {
    said = [];
  });
  const note = (first: unknown, message = '') =>
    void said.push(`${typeof first === 'string' ? first : JSON.stringify(first)} ${message}`);
  const logger = { info: note, warn: note } as unknown as Logger;

  function path(t: TestContext, text?: string, mode = 0o600): string {
    const file = join(temporaryFolder(t), 'token');
    if (text !== undefined) writeFileSync(file, text, { mode });
    return file;
  }

  it('gives the first token to send, and accepts each of them', (t) => {
    const tokens = new TokenFile(path(t, '\n  new-token \r\nold-token\n\n'));
    assert.equal(tokens.first, 'new-token');
    assert.deepEqual(
      ['new-token', 'old-token', 'old-toke', 'old-tokens', '', 'NEW-TOKEN', 'new-token\nold-token'].map(
        (one) => tokens.accepts(one),
      ),
      [true, true, false, false, false, false, false],
    );
  });

  it('is refused in words when it is empty, missing or holds something else, and its words hold no token', (t) => {
    assert.throws(() => new TokenFile(path(t)), /can't be read: ENOENT/);
    assert.throws(() => new TokenFile(path(t, ' \n\n')), /is empty.*one token per line/);
    const wrong = path(t, 'good-token\nsecret with spaces\n');
    assert.throws(
      () => new TokenFile(wrong),
      (error: Error) =>
        /Line 2 of .* is not a token/.test(error.message) && !error.message.includes('secret'),
    );
  });

  it('warns when every user can read it', (t) => {
    assert.equal(new TokenFile(path(t, 'one')).warning, null);
    const open = path(t, 'one');
    chmodSync(open, 0o644);
    assert.match(new TokenFile(open).warning ?? '', /every user .* chmod 600/);
  });

  it('is read again when it has been written or replaced, and no token is ever logged', async (t) => {
    const file = path(t, 'alpha-1');
    const tokens = new TokenFile(file);
    await tokens.readIfChanged(logger);
    assert.deepEqual(said, []);
    writeFileSync(file, 'beta-22\nalpha-1\n');
    await tokens.readIfChanged(logger);
    assert.deepEqual([tokens.first, tokens.accepts('alpha-1')], ['beta-22', true]);
    writeFileSync(`${file}.new`, 'beta-22\n', { mode: 0o600 });
    renameSync(`${file}.new`, file);
    await tokens.readIfChanged(logger);
    assert.deepEqual([tokens.first, tokens.accepts('alpha-1')], ['beta-22', false]);
    assert.equal(said.length, 2);
    assert.doesNotMatch(said.join('\n'), /alpha-1|beta-22/);
  });

  it('that can no longer be used changes nothing, and that is said once', async (t) => {
    const file = path(t, 'alpha-1');
    const tokens = new TokenFile(file);
    rmSync(file);
    await tokens.readIfChanged(logger);
    await tokens.readIfChanged(logger);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /ENOENT.*the tokens that were read before stay/);
    writeFileSync(file, '\n');
    await tokens.readIfChanged(logger);
    await tokens.readIfChanged(logger);
    assert.equal(said.length, 2);
    assert.deepEqual([tokens.first, tokens.accepts('alpha-1')], ['alpha-1', true]);
    writeFileSync(file, 'beta-22');
    await tokens.readIfChanged(logger);
    assert.equal(tokens.first, 'beta-22');
  });
});
