// What the tests of a run came to: counts, times by file, and what failed or was skipped.
const SLOWEST_SHOWN = 20;

export class TestTally {
  #counts = { tests: 0, pass: 0, fail: 0, skipped: 0 };
  /** Milliseconds, tests and skipped ones by file. */
  #files = new Map();
  #skips = new Map();
  #failed = [];

  get hasFailed() {
    return this.#failed.length > 0;
  }

  /** Adds the results of one process, which ran these files, took `ms` and ended with this code or signal. */
  addProcess(files, results, { ms, end }) {
    for (const file of files) this.#files.set(file, { ms: 0, tests: 0, skipped: 0 });
    // A test that a harness declares names that file; it belongs to the one that ran.
    const [only] = files.length === 1 ? files : [];
    for (const result of results) this.#addResult({ ...result, file: only ?? result.file });
    const tests = results.filter(({ isSuite }) => !isSuite);
    if (end !== 0 && tests.every(({ passed }) => passed)) {
      for (const file of files) this.#files.get(file).hasFailed = true;
      this.#counts.fail += 1;
      this.#failed.push(`${files.join(' ')}: the process ended with ${end}`);
    }
    if (files.length === 1) {
      const skipped = tests.filter((test) => test.skipped !== undefined).length;
      this.#files.set(files[0], { ms, tests: tests.length, skipped, hasFailed: end !== 0 });
    }
  }

  #addResult({ name, file, isTop, isSuite, passed, skipped, ms }) {
    const own = this.#files.get(file) ?? { ms: 0, tests: 0, skipped: 0 };
    if (isTop) own.ms += ms;
    if (isSuite) return;
    own.tests += 1;
    if (skipped !== undefined) own.skipped += 1;
    this.#counts.tests += 1;
    this.#counts[outcomeOf(passed, skipped)] += 1;
    if (skipped !== undefined) this.#skips.set(skipped, (this.#skips.get(skipped) ?? 0) + 1);
    if (!passed) {
      own.hasFailed = true;
      this.#failed.push(`${file}: ${name}`);
    }
  }

  /** One line for a file that has run. */
  lineOf(file) {
    const { ms, tests, skipped, hasFailed } = this.#files.get(file);
    return `${hasFailed ? '✖' : '✔'} ${file} (${tests} tests, ${skipped > 0 ? `${skipped} skipped, ` : ''}${seconds(ms)})`;
  }

  print() {
    if (this.#files.size > SLOWEST_SHOWN) {
      console.log(`\nThe ${SLOWEST_SHOWN} slowest test files:`);
      const slowest = [...this.#files].sort(([, a], [, b]) => b.ms - a.ms).slice(0, SLOWEST_SHOWN);
      for (const [file, { ms }] of slowest) console.log(`${seconds(ms).padStart(8)}  ${file}`);
    }
    for (const [reason, count] of this.#skips) console.log(`skipped ${count}: ${reason}`);
    for (const name of this.#failed) console.log(`✖ ${name}`);
    for (const [name, count] of Object.entries(this.#counts)) console.log(`${name} ${count}`);
  }
}

function outcomeOf(passed, skipped) {
  if (skipped !== undefined) return 'skipped';
  return passed ? 'pass' : 'fail';
}

export function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}
