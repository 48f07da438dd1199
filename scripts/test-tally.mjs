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

  /** Adds the starts and results of one process, which ran these files, took `ms` and ended with this code or signal. */
  addProcess(files, reports, { ms, end }) {
    for (const file of files) this.#files.set(file, { ms: 0, tests: 0, skipped: 0, hasFailed: false });
    // A test that a harness declares names that file; it belongs to the one that ran.
    const [only] = files.length === 1 ? files : [];
    const failedBefore = this.#failed.length;
    for (const report of reports) {
      if (!report.isStart) this.#addResult({ ...report, file: only ?? report.file });
    }
    if (only !== undefined) this.#files.get(only).ms = ms;
    this.#addUnfinished(files, lastWithoutEnd(reports), end);
    if (end !== 0 && this.#failed.length === failedBefore) {
      for (const file of files) this.#files.get(file).hasFailed = true;
      this.#addFailure(files.join(' '), `the process ended with ${end}`);
    }
  }

  /** Adds what did not get as far as a result: the test that hung, and the files without any. */
  #addUnfinished(files, hanging, end) {
    if (hanging !== undefined) {
      const what = `"${hanging.name}" was started last and had not ended when the process ended with ${end}`;
      this.#addFailure(files.length === 1 ? files[0] : hanging.file, what);
    }
    for (const file of files) {
      const { tests, hasFailed } = this.#files.get(file);
      if (tests === 0 && !hasFailed) {
        this.#addFailure(file, `no test result arrived; the process ended with ${end}`);
      }
    }
  }

  #addFailure(file, what) {
    const own = this.#files.get(file);
    if (own !== undefined) own.hasFailed = true;
    this.#counts.fail += 1;
    this.#failed.push(`${file}: ${what}`);
  }

  #addResult({ name, file, isTop, isSuite, passed, skipped, ms }) {
    const own = this.#files.get(file) ?? { ms: 0, tests: 0, skipped: 0 };
    if (isTop) own.ms += ms;
    // The tests of a suite say how it went, except that those of a skipped one are not reported.
    if (isSuite && skipped === undefined) return;
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

  /** The end of the output. */
  lines() {
    const lines = [];
    if (this.#files.size > SLOWEST_SHOWN) {
      lines.push(`\nThe ${SLOWEST_SHOWN} slowest test files:`);
      const slowest = [...this.#files].sort(([, a], [, b]) => b.ms - a.ms).slice(0, SLOWEST_SHOWN);
      for (const [file, { ms }] of slowest) lines.push(`${seconds(ms).padStart(8)}  ${file}`);
    }
    for (const [reason, count] of this.#skips) lines.push(`skipped ${count}: ${reason}`);
    for (const name of this.#failed) lines.push(`✖ ${name}`);
    for (const [name, count] of Object.entries(this.#counts)) lines.push(`${name} ${count}`);
    return lines;
  }
}

/** The test or suite that was started last of those without a result. */
function lastWithoutEnd(reports) {
  const open = [];
  for (const report of reports) {
    if (report.isStart) {
      open.push(report);
      continue;
    }
    const index = open.findIndex((start) =>
      ['file', 'name', 'nesting'].every((key) => start[key] === report[key]),
    );
    if (index >= 0) open.splice(index, 1);
  }
  return open.at(-1);
}

function outcomeOf(passed, skipped) {
  if (skipped !== undefined) return 'skipped';
  return passed ? 'pass' : 'fail';
}

export function seconds(ms) {
  return `${(ms / 1_000).toFixed(1)} s`;
}
