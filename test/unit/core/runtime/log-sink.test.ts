/** The sink of log lines, in a program of its own, with readers of every kind that stall and go on. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { built, temporaryFolder } from '../../../../harness/programs/processes.ts';
import {
  SOCKET,
  STALLING_READERS,
  type StallingReader,
  type Watched,
} from '../../../../harness/programs/stalling-readers.ts';
import { until, within } from '../../../../harness/engine/tcp.ts';

const at = (file: string) => JSON.stringify(built(`core/runtime/${file}`));

/** Does what lines on standard input say, and reports in a file. It loads nothing that touches process.stderr. */
const PROGRAM = `
  import { appendFileSync } from 'node:fs';
  import { createInterface } from 'node:readline';
  import { standardErrorSink } from ${at('log-sink.js')};
  import { systemClock } from ${at('clock.js')};
  const sink = standardErrorSink(systemClock);
  const report = () => appendFileSync(process.argv[1], sink.dropped + '\\n');
  let number = 0;
  report();
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [word, count] = line.split(' ');
    for (let left = Number(count); left > 0; left -= 1, number += 1)
      sink.write(JSON.stringify({ number, text: 'x'.repeat(1_000) }) + '\\n');
    report();
    if (word !== 'fail') return;
    sink.write('cannot start\\n');
    process.exit(3);
  });`;

/** The running program, whose standard error has stalled. */
class Demo {
  readonly watched: Watched;
  readonly #file: string;
  #reports = 0;

  private constructor(watched: Watched, file: string) {
    this.watched = watched;
    this.#file = file;
  }

  /** `prefix`: runs the command that follows it. */
  static async start(
    t: TestContext,
    { start }: StallingReader,
    prefix: readonly string[] = [],
  ): Promise<Demo> {
    const file = join(temporaryFolder(t), 'reports');
    const watched = start(t, 2, [...prefix, process.execPath, '--input-type=module', '-e', PROGRAM, file]);
    const demo = new Demo(watched, file);
    await demo.#report();
    watched.stall();
    return demo;
  }

  /** Writes so many lines, and maybe fails after that. How many lines were dropped since the start. */
  async does(word: 'write' | 'fail', count: number): Promise<number> {
    this.watched.say(`${word} ${count}\n`);
    return await this.#report();
  }

  get numbers(): readonly number[] {
    return this.watched.text
      .split(/\r?\n/)
      .filter((line) => line.startsWith('{"number"') && line.endsWith('}'))
      .map((line) => (JSON.parse(line) as { number: number }).number);
  }

  async #report(): Promise<number> {
    const lines = () =>
      (existsSync(this.#file) ? readFileSync(this.#file, 'utf8') : '').split('\n').slice(0, -1);
    this.#reports += 1;
    await until('its report', () => lines().length >= this.#reports, 30_000);
    return Number(lines()[this.#reports - 1]);
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

for (const reader of STALLING_READERS) {
  describe(`the log sink, when standard error is ${reader.name}`, () => {
    it('never waits for a reader that has stalled: it drops, counts, and goes on when the reader does', async (t) => {
      const demo = await Demo.start(t, reader);
      // 5 MB are more than whatever it is takes.
      const dropped = await demo.does('write', 5_000);
      assert.ok(dropped > 3_000 && dropped < 5_000, `${dropped} of 5000 lines dropped`);
      assert.equal(await demo.does('write', 0), dropped);
      demo.watched.read();
      await until('what was kept', () => demo.numbers.length === 5_000 - dropped, 30_000);
      await demo.does('write', 1);
      await until('one more', () => demo.numbers.at(-1) === 5_000);
      assert.deepEqual(demo.numbers, [...upTo(5_000 - dropped), 5_000]);
    });

    it('ends though the reader has stalled', async (t) => {
      const demo = await Demo.start(t, reader);
      await demo.does('fail', 5_000);
      await within('the end', demo.watched.ended, 30_000);
    });

    it('writes all that waits before the end of a start that failed, when somebody reads', async (t) => {
      const demo = await Demo.start(t, reader);
      assert.equal(await demo.does('write', 900), 0);
      // In one breath, so that nearly all of it still waits when the end comes.
      demo.watched.read();
      assert.equal(await demo.does('fail', 0), 0);
      await within('the end', demo.watched.ended, 30_000);
      await until('the last line', () => demo.watched.text.includes('cannot start'));
      assert.deepEqual(demo.numbers, upTo(900));
    });
  });
}

describe('the log sink', () => {
  it('counts what cannot be written', async (t) => {
    const demo = await Demo.start(t, SOCKET, ['sh', '-c', 'exec "$@" 2>/dev/full', 'sh']);
    assert.equal(await demo.does('write', 3), 3);
  });
});
