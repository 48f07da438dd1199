/** What becomes of the output of lbctl: of all of it, whatever it is written to and whatever it holds. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { Answers } from '../../../harness/control-plane/fake-control-plane.ts';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { FLEET, wirePool, wireProxy } from '../../../harness/control-plane/wire-answers.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import {
  built,
  eventually,
  run,
  shellQuoted,
  startBuilt,
  temporaryFolder,
  shortTimeout,
} from '../../../harness/programs/processes.ts';

const MANY = Array.from({ length: 5_000 }, (_, index) => wirePool(`pool-${index}`, []));
const ANSWERS: Answers = {
  ...FLEET,
  ListPools: () => ({ pools: MANY }),
  Export: () => ({ resources: MANY.map((pool) => ({ pool })) }),
  DeletePool: () => ({ revision: '42' }),
  WaitConverged: async function* () {
    yield { outcome: 'OUTCOME_PENDING', proxies: [{ proxyId: 'edge-1', state: 'STATE_LAGGING' }] };
    await new Promise(() => undefined);
  },
};
const DELETE = 'delete pool web';

/** Runs it in a shell: `words`, then what the shell does with its output. */
async function shell(server: string, words: string, sink: string) {
  const lbctl = [process.execPath, built('cli/main.js'), '--server', server].map(shellQuoted).join(' ');
  return run('bash', ['-c', `${lbctl} ${words} ${sink}`]);
}

describe('output that can’t be written', () => {
  it('ends with 6, and says why, whatever the command prints', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    for (const words of ['get pools', 'get pools -o json', 'export', 'completion bash', '--help']) {
      const { code, stderr } = await shell(address, words, '> /dev/full');
      assert.equal(code, 6, words);
      assert.match(stderr, /^lbctl: standard output can't be written: ENOSPC.*\n$/, words);
    }
  });

  it('ends with 6 when a file has room for the first part only', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    const file = join(temporaryFolder(t), 'all.yaml');
    assert.equal((await shell(address, 'export', `> ${file}`)).code, 0);
    const whole = readFileSync(file, 'utf8').length;
    const limited = await run('bash', [
      '-c',
      `trap '' XFSZ; ulimit -f 8; exec "$@" > ${shellQuoted(file)}`,
      'bash',
      process.execPath,
      built('cli/main.js'),
      '--server',
      address,
      'export',
    ]);
    assert.equal(limited.code, 6, limited.stderr);
    assert.match(limited.stderr, /standard output can't be written: EFBIG/);
    assert.ok(readFileSync(file, 'utf8').length < whole);
  });

  for (const [sink, said] of [
    ['> /dev/full', /^lbctl: revision 42 is committed, but standard output can't be written: ENOSPC/],
    ['| (exec <&-; sleep 0.01); exit ${PIPESTATUS[0]}', /^lbctl: revision 42 is committed, but .*EPIPE/],
  ] as const) {
    it(`tells what was committed: ${sink}`, async (t) => {
      const { address } = await startFakeControlPlane(t, ANSWERS);
      const { code, stderr } = await shell(address, DELETE, sink);
      assert.equal(code, 6, stderr);
      assert.match(stderr, said);
    });
  }

  it('ends what would go on printing, although nothing else is there to print', async (t) => {
    const silent: Answers = {
      WatchEvents: async function* () {
        await new Promise(() => undefined);
        yield {};
      },
      Watch: async function* () {
        await new Promise(() => undefined);
        yield {};
      },
    };
    const { address } = await startFakeControlPlane(t, { ...ANSWERS, ...silent });
    for (const words of ['get pools --watch', 'events --watch']) {
      const { code, stderr } = await shell(address, words, '> /dev/full');
      assert.equal(code, 6, stderr);
    }
  });

  it('does not cut a wait short', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    const sink = '| exec 0<&-; exit ${PIPESTATUS[0]}';
    const { code, stderr } = await shell(address, `${DELETE} --wait --timeout ${shortTimeout()}`, sink);
    assert.equal(code, 4, stderr);
    assert.match(stderr, /^lbctl: after \S+, revision 42 does not run on every proxy: edge-1$/m);
  });

  it('is told when standard output is closed', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    const { stderr } = await shell(address, DELETE, '>&-');
    assert.equal(
      stderr,
      'lbctl: revision 42 is committed\nlbctl: standard output is closed: what was printed went nowhere\n',
    );
    assert.equal((await shell(address, DELETE, '> /dev/null')).stderr, '');
  });

  it('changes nothing about the exit code when standard error can’t be written', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    for (const sink of ['2> /dev/full', '2>&-']) {
      assert.equal((await shell(address, 'get pool none', sink)).code, 1, sink);
      assert.equal(
        (await shell(address, `${DELETE} --wait --timeout ${shortTimeout()}`, sink)).code,
        4,
        sink,
      );
    }
  });

  it('waits for a slow reader, and ends quietly when its reader has gone', async (t) => {
    const { address } = await startFakeControlPlane(t, ANSWERS);
    const slow = await shell(address, 'get pools -o name', '| (sleep 0.2; cat) | wc -l');
    assert.equal(slow.stdout.trim(), String(MANY.length));
    const child = spawn(process.execPath, [built('cli/main.js'), '--server', address, 'get', 'pools']);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await once(createInterface({ input: child.stdout }), 'line');
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number];
    assert.deepEqual([code, stderr], [0, '']);
  });
});

describe('a signal before a command is over', () => {
  const DRAIN = ['backend', 'drain', 'web', '10.0.0.1:80', '--wait'];
  const LAGGING = { ListProxies: () => ({ proxies: [wireProxy('edge-1', { revision: 41 })] }) };
  const NEVER: Answers = { DeletePool: () => new Promise(() => undefined) };
  for (const [title, args, answers, said] of [
    [
      'while it waits for the proxies',
      ['delete', 'pool', 'web', '--wait'],
      {},
      /^lbctl: revision 42 is committed; lbctl wait 42 goes on waiting$/,
    ],
    [
      'while it waits for a drain',
      DRAIN,
      { UpdateBackend: () => ({ revision: '42' }), ...LAGGING },
      /^lbctl: revision 42 is committed; lbctl backend drain web 10\.0\.0\.1:80 --wait goes on waiting$/,
    ],
    [
      'before the change is answered',
      ['delete', 'pool', 'web'],
      NEVER,
      /^lbctl: it is not known whether the change was written \(request_id .*\)/,
    ],
  ] as const) {
    it(`says how the change stands, ${title}`, async (t) => {
      const fake = await startFakeControlPlane(t, { ...ANSWERS, ...answers });
      const lbctl = startBuilt(t, 'cli/main.js', ['--server', fake.address, ...args]);
      if (answers === NEVER) await eventually(async () => fake.requests.length > 0, 'it is asked');
      else await lbctl.line((line) => line === 'revision 42', 'the revision');
      lbctl.signal('SIGINT');
      assert.deepEqual(await lbctl.ended, { code: null, signal: 'SIGINT' });
      assert.match(lbctl.lines.at(-1) ?? '', said);
    });
  }
});

describe('texts from outside', () => {
  /** Moves the cursor, sets the title, turns the direction, starts a line of its own, and is 8-bit CSI. */
  const EVIL = 'edge\u001b[2J\u009b31m\u202e\u2066x\ny\u0007\u007f\ufeff';
  const OPENING: Answers = {
    ...ANSWERS,
    ListProxies: () => ({ proxies: [wireProxy(EVIL)] }),
    ListPools: () => ({ pools: [wirePool('web', [])] }),
    DeletePool: () => ({ revision: '42', notes: [EVIL], changes: [{ kind: 'pool', name: EVIL }] }),
    WaitConverged: async function* () {
      yield {
        outcome: 'OUTCOME_REJECTED',
        proxies: [{ proxyId: EVIL, state: 'STATE_REJECTED', reason: EVIL }],
      };
    },
  };
  const HARMFUL = /(?!\n)[\p{Cc}\p{Cf}]/u;

  it('are harmless text on one line, wherever they are printed', async (t) => {
    const { address } = await startFakeControlPlane(t, OPENING);
    const lbctl = lbctlFor(address);
    for (const words of [
      'get proxies',
      'get proxies -o wide',
      'get proxies -o name',
      'wait 42',
      'delete pool web',
      'delete pool web -o name',
    ]) {
      const { stdout, stderr } = await lbctl(words.split(' '));
      const all = stdout + stderr;
      assert.match(all, /edge/, words);
      assert.doesNotMatch(all, HARMFUL, words);
      assert.doesNotMatch(all, /^y/m, words);
    }
  });

  it('are exactly what they are in JSON and YAML, and harmless there as well', async (t) => {
    const { address } = await startFakeControlPlane(t, OPENING);
    const lbctl = lbctlFor(address);
    const read = {
      json: (text: string): unknown => JSON.parse(text),
      yaml: (text: string): unknown => parseAllDocuments(text)[0]?.toJS(),
    };
    for (const [format, parse] of Object.entries(read)) {
      const text = await succeed(lbctl, ['get', 'proxies', '-o', format]);
      assert.doesNotMatch(text, HARMFUL, format);
      assert.equal((parse(text) as { id: string }[])[0]?.id, EVIL, format);
    }
  });
});
