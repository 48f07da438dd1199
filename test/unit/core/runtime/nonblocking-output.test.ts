import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { built, temporaryFolder } from '../../../../harness/programs/processes.ts';
import {
  FOREIGN_TERMINAL,
  STALLING_READERS,
  type StallingReader,
} from '../../../../harness/programs/stalling-readers.ts';
import { until } from '../../../../harness/engine/tcp.ts';

/** Fills the stream once it is told to; says in a file what it found. It loads nothing that touches process.stderr. */
const PROGRAM = `
  import { appendFileSync, readFileSync, writeSync } from 'node:fs';
  import { openNonBlocking } from ${JSON.stringify(built('core/runtime/nonblocking-output.js'))};
  const flags = () => Number.parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/2', 'utf8'))[1], 8);
  const before = flags();
  const { fd, mayBlock } = openNonBlocking(2);
  const say = (words) => appendFileSync(process.argv[2], JSON.stringify(words) + '\\n');
  say({ mayBlock, isLeft: flags() === before });
  process.stdin.once('data', () => {
    let code;
    while (!code) try { writeSync(fd, 'x'.repeat(1000)); } catch (error) { code = error.code; }
    say(code);
    process.exit();
  });`;

/** `prefix`: runs the command that follows it. */
async function start(t: TestContext, reader: StallingReader, prefix: readonly string[] = []) {
  const folder = temporaryFolder(t);
  const [program, file] = [join(folder, 'program.mjs'), join(folder, 'report')];
  writeFileSync(program, PROGRAM);
  const watched = reader.start(t, 2, [...prefix, process.execPath, program, file]);
  const line = async (index: number): Promise<unknown> => {
    const lines = () => (existsSync(file) ? readFileSync(file, 'utf8') : '').split('\n');
    await until(`line ${index}`, () => lines().length > index + 1, 30_000);
    return JSON.parse(lines()[index] ?? '');
  };
  return { watched, line };
}

for (const reader of STALLING_READERS) {
  it(`a standard stream that is ${reader.name} takes what it has room for, and no more`, async (t) => {
    const { watched, line } = await start(t, reader);
    await line(0);
    watched.stall();
    watched.say('go\n');
    assert.equal(await line(1), 'EAGAIN');
  });

  const shared = reader.canBeOpened ? 'stays as it was' : 'is non-blocking too';
  it(`what others share of ${reader.name} ${shared}`, async (t) => {
    const { line } = await start(t, reader);
    assert.deepEqual(await line(0), { mayBlock: false, isLeft: reader.canBeOpened });
  });
}

// With no controlling terminal at all, and with one that is not the stream: what is said must not appear there instead.
for (const [where, prefix] of [
  ['in a session of its own', ['setsid', '--wait']],
  ['on a terminal of its own', ['sh', '-c', 'exec 3>&2; exec script -qefc "$1 $2 $3 2>&3" /dev/null', 'sh']],
] as const) {
  it(`a terminal of another user is as it was for a program ${where}: there a write may wait`, async (t) => {
    const { line } = await start(t, FOREIGN_TERMINAL, prefix);
    assert.deepEqual(await line(0), { mayBlock: true, isLeft: true });
  });
}
