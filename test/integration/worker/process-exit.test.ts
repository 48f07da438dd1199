/** A process with workers ends when it is told to, whatever its connections do. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { within } from '../../../harness/engine/tcp.ts';
import { byRunLength } from '../../../harness/run-length.ts';

const PROGRAM = fileURLToPath(new URL('../../../harness/worker/traffic-program.js', import.meta.url));
/** The epoll engine, which waits by itself, has to be woken, and may be caught anywhere in its loop, so each way is tried again. */
const ROUNDS = byRunLength(3, 30);
/** So many at once; more only get into each other's way. */
const SIDE_BY_SIDE = 3;

const WAYS = [
  ['exit', 7],
  ['throw', 1],
  ['reject', 1],
  ['terminate a worker', 7],
  ['throw in a worker', 7],
  ['loop in a worker', 7],
] as const;

async function endOf(how: string): Promise<unknown[]> {
  const child = spawn(process.execPath, [PROGRAM, how], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  try {
    const [line] = await within('the connections to be open', once(child.stdout, 'data'));
    assert.equal(String(line), 'open\n');
    return await within('the exit', exited);
  } finally {
    child.kill('SIGKILL');
  }
}

describe('a process with workers and busy connections', () => {
  for (const [how, code] of WAYS) {
    it(`ends with ${code}: ${how}`, async () => {
      let rounds = 0;
      const goOn = async (): Promise<void> => {
        while (rounds < ROUNDS) {
          rounds += 1;
          assert.deepEqual(await endOf(how), [code, null], `round ${rounds}`);
        }
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, goOn));
    });
  }
});
