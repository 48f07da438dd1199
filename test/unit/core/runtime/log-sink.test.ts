import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';

const at = (file: string) => new URL(`../../../../core/runtime/${file}`, import.meta.url).href;

const PROGRAM = `
  import { standardErrorSink } from '${at('log-sink.js')}';
  import { systemClock } from '${at('clock.js')}';
  import { createLogger } from '${at('logger.js')}';
  const sink = standardErrorSink(systemClock);
  const logger = createLogger('demo', 'info', sink);
  const lines = Number(process.argv[1]);
  for (let line = 0; line < lines; line += 1) logger.info({ line }, 'x'.repeat(1_000));
  console.log(JSON.stringify({ dropped: sink.dropped }));
  process.stdin.on('end', () => process.exit(0)).resume();`;

function start(lines: number) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, String(lines)], {
    stdio: 'pipe',
  });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  return child;
}

describe('the log sink', () => {
  it('never waits for a reader that has stopped: it drops, and counts what it dropped', async () => {
    const child = start(5_000);
    // Nobody reads standard error yet: 5 MB do not fit into a pipe, and still the program goes on.
    const [line] = (await once(child.stdout, 'data')) as [string];
    const { dropped } = JSON.parse(line) as { dropped: number };
    assert.ok(dropped > 3_000, `${dropped} of 5000 lines dropped`);

    let text = '';
    child.stderr.on('data', (chunk: string) => {
      text += chunk;
      if (text.split('\n').length > 5_000 - dropped) child.stdin.end();
    });
    await once(child, 'close');
    const received = text.trimEnd().split('\n');
    assert.equal(received.length, 5_000 - dropped);
    for (const [index, json] of received.entries())
      assert.equal((JSON.parse(json) as { line: number }).line, index);
  });

  it('writes every line in order when somebody reads', async () => {
    const child = start(200);
    let text = '';
    child.stderr.on('data', (chunk: string) => (text += chunk));
    await once(child.stdout, 'data');
    child.stdin.end();
    await once(child, 'close');
    assert.equal(text.trimEnd().split('\n').length, 200);
  });
});
