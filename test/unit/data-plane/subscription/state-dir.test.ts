import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const MODULE = new URL('../../../../data-plane/subscription/state-dir.js', import.meta.url).href;
const LIBC = new URL('../../../../data-plane/kernel/libc.js', import.meta.url).href;

/** A program that locks its first argument, prints what came of it and, if it got the lock, stays. */
const program = (locking: string) => `
  import { lockStateDir } from ${JSON.stringify(MODULE)};
  import { loadLibc } from ${JSON.stringify(LIBC)};
  try {
    console.log('locked ' + lockStateDir(process.argv[1], ${locking}, console.log));
    process.stdin.resume();
    process.stdin.on('end', () => process.exit(0));
  } catch (error) {
    console.log(error.code + ' ' + error.message);
  }
`;

for (const [how, locking] of [
  ['flock', 'loadLibc().libc'],
  ['a pid file', 'null'],
] as const) {
  describe(`the state directory, locked by ${how}`, () => {
    let root = '';
    before(() => {
      root = mkdtempSync(join(tmpdir(), 'lb-state-'));
    });
    after(() => rmSync(root, { recursive: true }));

    const args = (directory: string) => ['--input-type=module', '-e', program(locking), directory];
    const holder = async (directory: string) => {
      const child = spawn(process.execPath, args(directory), { stdio: ['pipe', 'pipe', 'inherit'] });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      assert.equal(String(line), `locked ${directory}\n`);
      return child;
    };
    const attempt = (directory: string) =>
      spawnSync(process.execPath, args(directory), { input: '', encoding: 'utf8' }).stdout;

    it('refuses a second process, naming the directory and the process that has it', async () => {
      const directory = join(root, 'shared', 'deeper');
      const first = await holder(directory);
      const refusal = attempt(directory);
      assert.match(refusal, /^FAILED_PRECONDITION /);
      assert.ok(refusal.includes(directory), refusal);
      assert.ok(refusal.includes(`the process ${first.pid};`), refusal);
      assert.match(refusal, /--state-dir/);
      assert.equal(readFileSync(join(directory, 'lock'), 'utf8'), `${first.pid}\n`);
      first.stdin.end();
      await once(first, 'exit');
      assert.match(attempt(directory), /^locked /);
    });

    it('is free again after SIGKILL', async () => {
      const directory = join(root, 'killed');
      const first = await holder(directory);
      first.kill('SIGKILL');
      await once(first, 'exit');
      assert.match(attempt(directory), /^locked /);
    });

    it('is made for this user alone, and follows no link that somebody else may have put there', () => {
      const directory = join(root, 'open');
      mkdirSync(directory);
      chmodSync(directory, 0o777);
      const target = join(root, 'target');
      writeFileSync(target, '1\n');
      symlinkSync(target, join(directory, 'lock'));
      const [warning = '', refusal] = attempt(directory).split('\n');
      assert.match(warning, /open is open to other users \(mode 777\): run chmod 700/);
      assert.match(refusal ?? '', /^FAILED_PRECONDITION .*lock is a symbolic link|^locked /);
      assert.equal(readFileSync(target, 'utf8'), '1\n');
      attempt(join(root, 'new'));
      assert.equal(statSync(join(root, 'new')).mode & 0o777, 0o700);
    });

    it('says which directory can not be used', () => {
      const blocked = join(root, 'file');
      writeFileSync(blocked, '');
      const refusal = attempt(join(blocked, 'below'));
      assert.match(
        refusal,
        /^FAILED_PRECONDITION the state directory .*file\/below can't be used: .*ENOTDIR/,
      );
    });
  });
}
