import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { systemClock } from '../../../../core/runtime/clock.ts';
import { LbError } from '../../../../core/runtime/errors.ts';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { LineSink } from '../../../../data-plane/telemetry/line-sink.ts';
import { temporaryFolder } from '../../../harness/processes.ts';
import { until } from '../../../harness/tcp.ts';

const sinkTo = (target: string) => new LineSink({ target, clock: systemClock, logger: silentLogger });
const lineOf = (number: number, length = 0) => `${JSON.stringify({ number, text: 'x'.repeat(length) })}\n`;
const numbersIn = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { number: number }).number);

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

  it('drops what a pipe that nobody reads does not take, counts it, and goes on when somebody reads', async (t) => {
    const pipe = join(temporaryFolder(t), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    t.after(() => closeSync(reader));
    const sink = sinkTo(pipe);
    const total = 6_000;
    for (let number = 0; number < total; number += 1) sink.write(lineOf(number, 1_000));
    const { sink_full: dropped } = sink.dropped;
    assert.ok(dropped > 1_000 && dropped < total, `${dropped} dropped`);
    const chunk = Buffer.alloc(1_048_576);
    let text = '';
    const readSome = () => {
      try {
        text += chunk.toString('latin1', 0, readSync(reader, chunk));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN', 'it is empty just now');
      }
      return text.split('\n').length > total - dropped;
    };
    await until('all lines that were taken', readSome);
    assert.deepEqual(
      numbersIn(text),
      Array.from({ length: total - dropped }, (_, number) => number),
    );
  });

  it('drops and counts what cannot be written', async () => {
    const sink = sinkTo('/dev/full');
    for (const number of [1, 2, 3]) sink.write(lineOf(number));
    await until('three lines to be dropped', () => sink.dropped.sink_error === 3);
    assert.equal(sink.lines, 0);
  });

  it('says in words what cannot be opened', (t) => {
    const file = join(temporaryFolder(t), 'missing', 'lines');
    assert.throws(
      () => sinkTo(file),
      (error) => error instanceof LbError && error.message.includes('ENOENT'),
    );
  });
});
