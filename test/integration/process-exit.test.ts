/** A process with workers ends when it is told to, whatever its connections do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../harness/tcp.ts';

const PROGRAM = fileURLToPath(new URL('../harness/traffic-program.js', import.meta.url));

describe('a process with workers and open connections', () => {
  for (const [how, code] of [
    ['exit', 7],
    ['throw', 1],
    ['reject', 1],
  ] as const) {
    it(`ends on ${how}, with its code`, async () => {
      const child = spawn(process.execPath, [PROGRAM, how], { stdio: ['ignore', 'pipe', 'ignore'] });
      const exited = once(child, 'exit');
      try {
        const [line] = await within('the connections to be open', once(child.stdout, 'data'));
        assert.equal(String(line), 'open\n');
        assert.deepEqual(await within('the exit', exited), [code, null]);
      } finally {
        child.kill('SIGKILL');
      }
    });
  }
});
