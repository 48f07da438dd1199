/** What README.md promises a newcomer: one command, then everything it prints works; stop, start, nothing lost. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isFree } from '../../harness/free-port.ts';
import { answers, startDemoBackend } from '../../harness/programs/fleet.ts';
import {
  CHECKOUT,
  eventually,
  run,
  startBuilt,
  startProcess,
  temporaryFolder,
  type RunningProcess,
} from '../../harness/programs/processes.ts';

const PORTS = [7000, 7080, 7100, 8080, 8081, 9101, 9102, 9103, 9104];
/** fetch refuses port 10080, which a smaller offset could make of 7080. */
const LOWEST_OFFSET = 4_000;

/** An offset with which all ports of `npm start` are free. */
async function freeOffset(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const offset = LOWEST_OFFSET + Math.floor(Math.random() * 18_000);
    if (await allFree(offset)) return offset;
  }
  throw new Error('no offset with which all ports are free');
}

function flags(dataDir: string, offset: number): readonly string[] {
  return ['--data', dataDir, '--port-offset', String(offset)];
}

/** As typed, but without the build that comes before: it would change what other tests are running. */
function npmStart(t: TestContext, dataDir: string, offset: number): RunningProcess {
  const args = ['start', '--ignore-scripts', '--', ...flags(dataDir, offset)];
  return startProcess(t, 'npm', args, { cwd: CHECKOUT, endSignal: 'SIGTERM' });
}

/** The program behind npm start. */
function start(t: TestContext, offset: number, ...more: readonly string[]): RunningProcess {
  const args = [...flags(temporaryFolder(t), offset), ...more];
  return startBuilt(t, 'scripts/start.js', args, { cwd: CHECKOUT, endSignal: 'SIGTERM' });
}

async function allFree(offset: number): Promise<boolean> {
  const free = await Promise.all(PORTS.map((port) => isFree(port + offset)));
  return free.every(Boolean);
}

const isUp = (started: RunningProcess) =>
  started.line((line) => line.startsWith('Equipoise is running'), 'the welcome');

/** The commands it prints, each with `# why` behind it; the last one of the list is a curl of /metrics. */
async function printedCommands(started: RunningProcess): Promise<readonly string[]> {
  await started.line((line) => line.includes('/metrics'), 'the last hint');
  return started.lines.filter((line) => /^ {2}(npx|curl|node) /.test(line)).map((line) => line.trim());
}

/** Runs a command as typed, but without npx's second of start-up, and in the background only as long as the test. */
async function type(t: TestContext, command: string, server: string): Promise<string> {
  const words = command.replace(/#.*/, '').trim();
  const demo = /^node dist\/(\S+) (\d+) &$/.exec(words);
  if (demo) {
    await startBuilt(t, demo[1] ?? '', [demo[2] ?? '']).line(() => true, 'its address');
    return '';
  }
  // Where no terminal is, `top` goes on for ever.
  const line = words.replace(/^npx lbctl/, 'node dist/cli/main.js').replace(/ top$/, ' top --count 1');
  const done = await run('bash', ['-c', line], { cwd: CHECKOUT, env: { LBCTL_SERVER: server } });
  const expected = words.startsWith('npx lbctl diff') ? 5 : 0;
  assert.equal(done.code, expected, `${words} exited ${done.code}:\n${done.stderr}${done.stdout}`);
  return done.stdout;
}

async function isKilled(started: RunningProcess, offset: number): Promise<void> {
  await isUp(started);
  started.signal('SIGKILL');
  await eventually(() => allFree(offset), 'every port free again');
}

describe('npm start', () => {
  it('serves from three backends, all it prints works, and a second start finds what was left', async (t) => {
    const dataDir = temporaryFolder(t);
    const offset = await freeOffset();
    const server = `127.0.0.1:${7000 + offset}`;
    const first = npmStart(t, dataDir, offset);
    await isUp(first);
    assert.deepEqual(
      first.lines.filter((line) => /^(Starting a control plane|Compiling)/.test(line)),
      ['Starting a control plane, a proxy and what they need ...'],
      'it says that it starts, and compiles nothing that is built',
    );
    const names = new Set<string>();
    await eventually(async () => {
      const answer = await answers(`http://127.0.0.1:${8080 + offset}/`);
      names.add(answer.split(' ')[0] ?? '');
      return names.size === 3;
    }, 'an answer of all three backends');

    const commands = await printedCommands(first);
    assert.ok(commands.length >= 15, `only ${commands.length} commands were printed`);
    for (const command of commands) await type(t, command, server);
    const left = await type(t, 'npx lbctl export', server);

    first.signal('SIGINT');
    assert.equal((await first.ended).code, 0, first.lines.join('\n'));
    const own = PORTS.filter((port) => port !== 9104);
    for (const port of own)
      assert.ok(await isFree(port + offset), `${port + offset} is still taken after the end`);

    const second = npmStart(t, dataDir, offset);
    await isUp(second);
    assert.equal(await type(t, 'npx lbctl export', server), left);
    await answers(`http://127.0.0.1:${8080 + offset}/`);
    assert.equal((await second.stop()).code, 0, second.lines.join('\n'));
  });

  it('starts without the demo', async (t) => {
    const offset = await freeOffset();
    const started = start(t, offset, '--no-demo');
    await isUp(started);
    const pools = await type(t, 'npx lbctl get pools -o json', `127.0.0.1:${7000 + offset}`);
    assert.deepEqual(JSON.parse(pools), []);
    assert.ok(await isFree(9101 + offset));
    assert.equal((await started.stop()).code, 0);
  });

  it('names every taken port and what to do, and starts nothing', async (t) => {
    const offset = await freeOffset();
    const taken = [9102 + offset, 9103 + offset];
    for (const port of taken) await startDemoBackend(t, port);
    const started = start(t, offset);
    assert.equal((await started.ended).code, 1);
    const said = started.lines.join('\n');
    for (const port of taken)
      assert.match(said, new RegExp(`127.0.0.1:${port} is in use; demo-backend needs it`));
    assert.match(said, /--port-offset/);
    assert.ok(await isFree(7000 + offset));
  });

  it('leaves no process behind when npm is killed', async (t) => {
    const offset = await freeOffset();
    await isKilled(npmStart(t, temporaryFolder(t), offset), offset);
  });

  it('leaves no process behind when the program behind npm is killed', async (t) => {
    const offset = await freeOffset();
    await isKilled(start(t, offset), offset);
  });
});
