/** The sinks on standard output and standard error, in a program of its own, with readers of every kind that stall. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { built, temporaryFolder } from '../../../../harness/programs/processes.ts';
import {
  FOREIGN_TERMINAL,
  STALLING_READERS,
  type StallingReader,
  type Watched,
} from '../../../../harness/programs/stalling-readers.ts';
import { until, within } from '../../../../harness/engine/tcp.ts';

const at = (file: string) => JSON.stringify(built(file));

/** Obeys lines on standard input, and reports to a file. It loads nothing that touches process.stderr. */
const PROGRAM = `
  import { appendFileSync, readFileSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  import { systemClock } from ${at('core/runtime/clock.js')};
  import { standardErrorSink } from ${at('core/runtime/line-sink.js')};
  import { openNonBlocking } from ${at('core/runtime/nonblocking-output.js')};
  import { openConnectionLog } from ${at('data-plane/telemetry/connection-log-sink.js')};
  const [stream, file, exitMs] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
  const report = (value) => appendFileSync(file, JSON.stringify(value) + '\\n');
  const flags = () => Number.parseInt(/flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + stream, 'utf8'))[1], 8);
  const before = flags();
  const { mayBlock } = openNonBlocking(stream);
  const sink = stream === 2
    ? standardErrorSink(systemClock, exitMs)
    : openConnectionLog('-', systemClock, { info() {}, error() {}, child() { return this; } });
  report({ mayBlock, isLeft: flags() === before });
  let number = 0;
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [word, count] = line.split(' ');
    for (let left = Number(count); left > 0; left -= 1, number += 1)
      sink.write(JSON.stringify({ number, text: 'x'.repeat(1_000) }) + '\\n');
    report(sink.droppedTotal);
    if (word === 'write') return;
    sink.write('cannot start\\n');
    process.exit(3);
  });`;

interface DemoOptions {
  readonly stream?: 1 | 2;
  /** Runs the command that follows it. */
  readonly prefix?: readonly string[];
  readonly exitMs?: number;
}

/** The running program, whose reader has stalled. */
class Demo {
  readonly watched: Watched;
  readonly #file: string;
  #reports = 0;

  private constructor(watched: Watched, file: string) {
    this.watched = watched;
    this.#file = file;
  }

  static start(t: TestContext, { start }: StallingReader, options: DemoOptions = {}): Demo {
    const { stream = 2, prefix = [], exitMs = 200 } = options;
    const folder = temporaryFolder(t);
    const [program, file] = [join(folder, 'program.mjs'), join(folder, 'reports')];
    writeFileSync(program, PROGRAM);
    const words = [...prefix, process.execPath, program, String(stream), file, String(exitMs)];
    return new Demo(start(t, stream, words), file);
  }

  /** Whether a write may block, and whether the stream is left as it was for others who share it. */
  async opened(): Promise<unknown> {
    const report = await this.#report();
    this.watched.stall();
    return report;
  }

  /** Writes so many lines and, when told to, ends after that. How many lines were dropped since the start. */
  async does(word: 'write' | 'end', count: number): Promise<number> {
    this.watched.say(`${word} ${count}\n`);
    return Number(await this.#report());
  }

  get numbers(): readonly number[] {
    return this.watched.text
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{"number"') && line.endsWith('}'))
      .map((line) => (JSON.parse(line) as { number: number }).number);
  }

  async #report(): Promise<unknown> {
    const lines = () => (existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '').split('\n');
    this.#reports += 1;
    await until('its report', () => lines().length > this.#reports, 30_000);
    return JSON.parse(lines()[this.#reports - 1] ?? '');
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

// Each case is a process that mostly waits.
describe('the sinks of a program', { concurrency: 4 }, () => {
  for (const reader of STALLING_READERS) {
    describe(`the log, when standard error is ${reader.name}`, () => {
      it('never waits for a reader that has stalled: it drops, counts, and goes on when the reader does', async (t) => {
        const demo = Demo.start(t, reader);
        // Where it can be opened once more, those who share it do not find it non-blocking.
        assert.deepEqual(await demo.opened(), { mayBlock: false, isLeft: reader.canBeOpened });
        // 5 MB are more than any of them takes.
        const dropped = await demo.does('write', 5_000);
        assert.ok(dropped > 3_000 && dropped < 5_000, `${dropped} of 5000 lines dropped`);
        demo.watched.read();
        await until('what was kept', () => demo.numbers.length === 5_000 - dropped, 30_000);
        assert.equal(await demo.does('write', 1), dropped);
        await until('one more', () => demo.numbers.at(-1) === 5_000);
        assert.deepEqual(demo.numbers, [...upTo(5_000 - dropped), 5_000]);
      });

      it('writes all that waits before the end of a start that failed, when somebody reads', async (t) => {
        const demo = Demo.start(t, reader, { exitMs: 10_000 });
        await demo.opened();
        assert.equal(await demo.does('write', 900), 0);
        // Nearly all of it still waits when the end comes.
        demo.watched.read();
        assert.equal(await demo.does('end', 0), 0);
        await within('the end', demo.watched.ended, 30_000);
        await until('the last line', () => demo.watched.text.includes('cannot start'));
        assert.deepEqual(demo.numbers, upTo(900));
      });
    });

    for (const [name, stream] of [
      ['log', 2],
      ['connection log', 1],
    ] as const) {
      describe(`a program whose ${name} goes to ${reader.name}`, () => {
        it('ends though the reader has stalled', async (t) => {
          const demo = Demo.start(t, reader, { stream });
          await demo.opened();
          await demo.does('end', 5_000);
          await within('the end', demo.watched.ended, 30_000);
        });
      });
    }
  }

  // With no controlling terminal at all, and with one that is not the stream: the log must not appear there instead.
  for (const [where, prefix] of [
    ['in a session of its own', ['setsid', '--wait']],
    ['on a terminal of its own', ['sh', '-c', 'exec 3>&2; exec script -qefc "$* 2>&3" /dev/null', 'sh']],
  ] as const) {
    it(`a terminal of another user is as it was for a program ${where}: there a write may wait`, async (t) => {
      const demo = Demo.start(t, FOREIGN_TERMINAL, { prefix });
      assert.deepEqual(await demo.opened(), { mayBlock: true, isLeft: true });
    });
  }
});
