import assert from 'node:assert/strict';
import { constants, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { built, run, temporaryFolder } from '../../../../harness/programs/processes.ts';
import { Pty } from '../../../../harness/programs/pty.ts';

const at = (file: string) => JSON.stringify(built(`core/runtime/${file}`));

/** A start that fails before anything else happens. */
const FAILING = `
  import { standardErrorSink } from ${at('line-sink.js')};
  import { systemClock } from ${at('clock.js')};
  import { createLogger } from ${at('logger.js')};
  const logger = createLogger('demo', 'info', standardErrorSink(systemClock));
  logger.info({ port: 7000 }, 'starting');
  logger.warn({ id: 'p\\u001b[2J\\u202e\\u009b1' }, 'a\\nFATAL: b');
  logger.fatal('cannot start');
  process.exit(3);`;

/** Says the flags of its standard output, which others may have too. */
const LOADING = `
  import { readFileSync, writeSync } from 'node:fs';
  await import(${at('logger.js')});
  writeSync(1, /flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))[1]);`;

it('what a program logs is a line of JSON each, up to the last one before its end', async () => {
  const { code, stderr } = await run(process.execPath, ['--input-type=module', '-e', FAILING]);
  assert.equal(code, 3);
  for (const raw of ['\u001b', '\u009b', '\u202e']) assert.ok(!stderr.includes(raw));
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ level, program, port, msg }) => [level, program, port, msg]),
    [
      ['info', 'demo', 7000, 'starting'],
      ['warn', 'demo', undefined, 'a\nFATAL: b'],
      ['fatal', 'demo', undefined, 'cannot start'],
    ],
  );
});

it('what a program logs on a terminal is for people, up to the last line before its end', async (t) => {
  const file = join(temporaryFolder(t), 'failing.mjs');
  writeFileSync(file, FAILING);
  const pty = new Pty(t, `'${process.execPath}' '${file}'`, { NO_COLOR: '1' });
  await pty.ended;
  const lines = pty.text.trimEnd().split(/\s*\r\n\s*/);
  assert.deepEqual(
    lines.map((line) => line.replace(/^\[[\d:.]+\] /, '')),
    ['INFO: starting', 'port: 7000', 'WARN: a FATAL: b', 'id: "p [2J  1"', 'FATAL: cannot start'],
  );
});

it('who loads the logger, and logs nothing, leaves standard output as it was', async () => {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', LOADING]);
  assert.equal(Number.parseInt(stdout, 8) & constants.O_NONBLOCK, 0, stdout);
});
