import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type Clock, systemClock } from '../../../../core/runtime/clock.ts';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import type { LineSink } from '../../../../core/runtime/line-sink.ts';
import { openConnectionLog } from '../../../../data-plane/telemetry/connection-log-sink.ts';
import { built, temporaryFolder } from '../../../../harness/programs/processes.ts';
import { until, within } from '../../../../harness/engine/tcp.ts';

function sinkTo(target: string, clock: Clock = systemClock): LineSink {
  const sink = openConnectionLog(target, clock, silentLogger);
  assert.ok(sink);
  return sink;
}

const lineOf = (number: number, length = 0) => `${JSON.stringify({ number, text: 'x'.repeat(length) })}\n`;
const numbersIn = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { number: number }).number);

/** A named pipe, and how a reader opens it. */
function makePipe(t: TestContext) {
  const pipe = join(temporaryFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  return { pipe, open: () => openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK) };
}

describe('a sink of lines', () => {
  it('appends all of them in order', async (t) => {
    const file = join(temporaryFolder(t), 'lines');
    const sink = sinkTo(file);
    const numbers = Array.from({ length: 3_000 }, (_, number) => number);
    for (const number of numbers) sink.write(lineOf(number, 100));
    await sink.end();
    const second = sinkTo(file);
    second.write(lineOf(3_000));
    await second.end();
    assert.deepEqual(numbersIn(readFileSync(file, 'utf8')), [...numbers, 3_000]);
    assert.equal(sink.lines, 3_000);
    assert.deepEqual(sink.dropped, { sink_full: 0, sink_error: 0 });
  });

  it('goes on in a new file when it is reopened, also while it writes, and loses nothing', async (t) => {
    const file = join(temporaryFolder(t), 'lines');
    const sink = sinkTo(file);
    sink.write(lineOf(1));
    sink.write(lineOf(2));
    renameSync(file, `${file}.1`);
    sink.reopen();
    for (const number of [3, 4]) sink.write(lineOf(number));
    await sink.end();
    sink.reopen();
    sink.write(lineOf(5));
    await sink.end();
    const [old, now] = [`${file}.1`, file].map((path) => numbersIn(readFileSync(path, 'utf8')));
    assert.deepEqual([...(old ?? []), ...(now ?? [])], [1, 2, 3, 4, 5]);
    assert.equal(now?.at(-1), 5);
  });

  it('drops and counts what cannot be written', async () => {
    const sink = sinkTo('/dev/full');
    for (const number of [1, 2, 3]) sink.write(lineOf(number));
    await until('three lines to be dropped', () => sink.dropped.sink_error === 3);
    assert.equal(sink.lines, 0);
  });

  it('leaves no empty line for what a pipe without a reader did not take, and breaks no later line', async (t) => {
    const { pipe, open } = makePipe(t);
    const first = open();
    const sink = sinkTo(pipe);
    // More than a pipe takes: it is torn.
    sink.write(lineOf(1, 100_000));
    const chunk = Buffer.alloc(4_096);
    await until('its beginning', () => readSome(first, chunk) > 0);
    closeSync(first);
    await until('it to be dropped', () => sink.dropped.sink_error === 1);
    sink.write(lineOf(2));
    await until('the next one to be dropped', () => sink.dropped.sink_error === 2);
    const second = open();
    t.after(() => closeSync(second));
    const text = await textUntil(second, 'number":4', () =>
      [3, 4].forEach((each) => sink.write(lineOf(each))),
    );
    const [torn, ...rest] = text.trimEnd().split('\n');
    assert.match(torn ?? '', /^x+$/);
    assert.deepEqual(numbersIn(rest.join('\n')), [3, 4]);
  });

  it('knows a line that was written whole, though the ones behind it were not: no empty line comes after it', async (t) => {
    const { pipe, open } = makePipe(t);
    const first = open();
    let waits = 0;
    const after = (delayMs: number, action: () => void) => {
      waits += 1;
      return systemClock.after(delayMs, action);
    };
    const sink = sinkTo(pipe, { ...systemClock, after });
    // Pages of 4 KiB, of which a pipe holds sixteen: the last line waits alone.
    for (let line = 0; line < 17; line += 1) sink.write(`${'x'.repeat(4_095)}\n`);
    await until('the pipe to be full', () => waits > 0);
    closeSync(first);
    await until('the last one to be dropped', () => sink.dropped.sink_error === 1);
    const second = open();
    t.after(() => closeSync(second));
    const text = await textUntil(second, 'number":1', () => sink.write(lineOf(1)));
    const lengths = text.split('\n').map((line) => line.length);
    assert.deepEqual(lengths, [...Array<number>(16).fill(4_095), lineOf(1).length - 1, 0]);
  });
});

describe('the end of a process with a sink of lines', () => {
  it('writes each line once', async (t) => {
    const file = join(temporaryFolder(t), 'lines');
    const hundred = Array.from({ length: 100 }, (_, number) => number);
    const child = spawn(
      process.execPath,
      program(
        file,
        `for (const number of ${JSON.stringify(hundred)}) sink.write(JSON.stringify({ number }) + '\\n'); process.exit(3)`,
      ),
    );
    assert.deepEqual(await within('the exit', once(child, 'exit')), [3, null]);
    assert.deepEqual(
      numbersIn(readFileSync(file, 'utf8')).toSorted((a, b) => a - b),
      hundred,
    );
  });
});

/** Arguments of a Node that runs this with a sink. */
function program(file: string, body: string): readonly string[] {
  const lines = [
    `const { openConnectionLog } = await import(${JSON.stringify(built('data-plane/telemetry/connection-log-sink.js'))});`,
    `const { systemClock } = await import(${JSON.stringify(built('core/runtime/clock.js'))});`,
    `const { silentLogger } = await import(${JSON.stringify(built('core/runtime/logger.js'))});`,
    `const sink = openConnectionLog(${JSON.stringify(file)}, systemClock, silentLogger);`,
    body,
  ];
  return ['--input-type=module', '-e', lines.join('\n')];
}

/** How many bytes there were. */
function readSome(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN', 'it is empty just now');
    return 0;
  }
}

/** What there is to read, once `begin` was called, up to the one with this in it. */
async function textUntil(fd: number, last: string, begin: () => void): Promise<string> {
  const chunk = Buffer.alloc(65_536);
  let text = '';
  begin();
  await until(last, () => {
    text += chunk.toString('latin1', 0, readSome(fd, chunk));
    return text.includes(last) && text.endsWith('\n');
  });
  return text;
}
