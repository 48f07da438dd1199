/** What every check that talks with a server has in common: its end, where it comes from, and what it may say of secrets. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { HTTP_CHECK_DEFAULTS, POLICY_DEFAULTS, TLS_CHECK_DEFAULTS } from '../../../core/model/defaults.ts';
import type { HealthCheck } from '../../../core/model/resources.ts';
import { checkerByType } from '../../../data-plane/health/checker-by-type.ts';
import type { CheckResult, CheckTarget } from '../../../data-plane/health/checker.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { until, within } from '../../../harness/engine/tcp.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { temporaryFolder } from '../../../harness/programs/processes.ts';
import { END, HEAR, type Move, PlayingServer } from '../../../harness/proxy/playing-server.ts';

const base = { ...POLICY_DEFAULTS.healthCheck, timeoutMs: 2_000 };
const HTTP: HealthCheck = { ...base, type: 'http', http: HTTP_CHECK_DEFAULTS };
const TLS: HealthCheck = { ...base, type: 'tls', tls: TLS_CHECK_DEFAULTS };
const LOGIN: HealthCheck = { ...base, type: 'script', script: [{ sendSecret: 'login' }, { expect: '+OK' }] };
const OK = 'HTTP/1.1 204 No Content\r\n\r\n';

const checkerOn = (clock: FakeClock, sourceAddresses: readonly string[] = [], secrets?: string) =>
  checkerByType({ engine: 'portable', libc: null, clock, sourceAddresses, secrets });

const resultOf = (checker: ReturnType<typeof checkerOn>, target: CheckTarget, check: HealthCheck) =>
  within('a result', new Promise<CheckResult>((resolve) => void checker.check(target, check, resolve)));

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

async function servedBy(t: TestContext, ...moves: readonly Move[]): Promise<PlayingServer> {
  const server = await PlayingServer.start(moves);
  t.after(() => server.stop());
  return server;
}

describe('a check that talks, and does not get to its end', () => {
  for (const [stage, check] of Object.entries({ connect: HTTP, handshake: TLS, conversation: HTTP })) {
    it(`leaves nothing when it is cancelled in its ${stage}, and says nothing`, async (t) => {
      const silent = await silentServer();
      const server = await servedBy(t);
      const clock = new FakeClock();
      const before = sockets();
      const target = stage === 'connect' ? silent : server.target;
      const running = checkerOn(clock).check(target, check, () => assert.fail('called'));
      if (stage !== 'connect')
        await until('the server hears it', () => (server.clients[0]?.heard ?? '') !== '');
      running.cancel();
      running.cancel();
      server.stop();
      await until('no socket is left', () => sockets() <= before);
      assert.equal(clock.pending, 0);
      await silent.close();
    });

    it(`proves nothing when its deadline was late in its ${stage}`, async (t) => {
      const silent = await silentServer();
      const server = await servedBy(t);
      const clock = new FakeClock();
      const result = resultOf(checkerOn(clock), stage === 'connect' ? silent : server.target, check);
      if (stage !== 'connect')
        await until('the server hears it', () => (server.clients[0]?.heard ?? '') !== '');
      clock.stall(2_600);
      clock.advance(0);
      assert.deepEqual(await result, {
        type: 'inconclusive',
        reason: 'this process was blocked for 2350 ms',
      });
      await silent.close();
    });
  }

  it('proves nothing when this process was blocked for most of it, although its deadline was in time', async (t) => {
    const server = await servedBy(t);
    const clock = new FakeClock();
    const result = resultOf(checkerOn(clock), server.target, HTTP);
    clock.stall(1_900);
    clock.advance(100);
    assert.deepEqual(await result, { type: 'inconclusive', reason: 'this process was blocked for 1650 ms' });
  });

  it('fails as a check that only connects does', async (t) => {
    const server = await servedBy(t);
    server.stop();
    const refused = { type: 'failed', reason: 'connection refused' };
    assert.deepEqual(await resultOf(checkerOn(new FakeClock()), server.target, HTTP), refused);
    const silent = await silentServer();
    const clock = new FakeClock();
    const result = resultOf(checkerOn(clock), silent, HTTP);
    clock.advance(2_000);
    assert.deepEqual(await result, { type: 'failed', reason: 'timed out after 2s' });
    await silent.close();
  });

  it('is never up when nobody knows how to make it', async (t) => {
    const server = await servedBy(t);
    const reason = "this proxy can't make http checks";
    const result = await resultOf(checkerOn(new FakeClock()), server.target, { ...base, type: 'http' });
    assert.deepEqual(result, { type: 'failed', reason });
  });

  it('has a reason of one line and bounded length', async (t) => {
    const server = await servedBy(t);
    const check: HealthCheck = { ...base, type: 'http\n'.repeat(100) as 'http' };
    const result = await resultOf(checkerOn(new FakeClock()), server.target, check);
    assert.match(
      result.type === 'failed' ? result.reason : '',
      /^this proxy can't make http http [http ]{168}$/,
    );
  });
});

describe('a check that talks, with source addresses', () => {
  for (const sources of [
    ['::1', '127.0.0.2', '127.0.0.3'],
    ['192.0.2.1', '127.0.0.2'],
  ])
    it(`comes from the first one of ${sources.join(', ')} that fits and has a port`, async (t) => {
      const server = await servedBy(t, HEAR, OK);
      const checker = checkerOn(new FakeClock(), sources);
      assert.deepEqual(await resultOf(checker, server.target, HTTP), { type: 'passed' });
      assert.deepEqual(
        server.clients.map(({ from }) => from),
        ['127.0.0.2'],
      );
    });
});

describe('a request', () => {
  for (const [host, header] of [
    ['db.example.com', 'db.example.com'],
    ['', '127.0.0.1:PORT'],
  ] as const)
    it(`is for the host ${header}, and for this connection alone`, async (t) => {
      const server = await servedBy(t, HEAR, OK);
      const http = { ...HTTP_CHECK_DEFAULTS, method: 'OPTIONS', path: '/a?b=c', host };
      await resultOf(checkerOn(new FakeClock()), server.target, { ...HTTP, http });
      const heard = server.clients[0]?.heard.replace(`:${server.target.port}`, ':PORT').split('\r\n');
      assert.deepEqual(heard, ['OPTIONS /a?b=c HTTP/1.1', `host: ${header}`, 'Connection: close', '', '']);
    });
});

describe('a secret of a script', () => {
  const PASSWORD = 'hunter2';
  const kinds: Readonly<Record<string, (folder: string) => void>> = {
    'is sent, with its escapes and without its last newline': (folder) =>
      writeFileSync(join(folder, 'login'), `AUTH ${PASSWORD}\\r\\n\n`),
    'is found behind a link': (folder) => {
      writeFileSync(join(folder, '..data'), `AUTH ${PASSWORD}\\r\\n`);
      symlinkSync('..data', join(folder, 'login'));
    },
    'the secret "login" is not in the --secrets directory of this proxy': () => undefined,
    'the secret "login" is not a file of at most 4096 bytes': (folder) => mkdirSync(join(folder, 'login')),
    'the secret "login" has an escape that means nothing; a backslash is written as \\\\': (folder) =>
      writeFileSync(join(folder, 'login'), `AUTH \\${PASSWORD}`),
  };
  for (const [what, make] of Object.entries(kinds))
    it(what, async (t) => {
      const folder = temporaryFolder(t);
      make(folder);
      const server = await servedBy(t, HEAR, '+OK');
      const result = await resultOf(checkerOn(new FakeClock(), [], folder), server.target, LOGIN);
      if (what.startsWith('is ')) {
        assert.deepEqual(result, { type: 'passed' });
        assert.equal(server.clients[0]?.heard, `AUTH ${PASSWORD}\r\n`);
      } else {
        assert.deepEqual(result, { type: 'failed', reason: what });
        assert.equal(server.clients.length, 0, 'it connects although it can’t talk');
      }
    });

  it('is not shown, not even when the server sends it back', async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'login'), PASSWORD);
    const server = await servedBy(t, HEAR, PASSWORD, END);
    const result = await resultOf(checkerOn(new FakeClock(), [], folder), server.target, LOGIN);
    assert.deepEqual(result, {
      type: 'failed',
      reason: 'no "+OK" in the first 7 bytes, then the server closed the connection',
    });
  });

  it('is read again after a second', async (t) => {
    const folder = temporaryFolder(t);
    const clock = new FakeClock();
    const checker = checkerOn(clock, [], folder);
    const server = await servedBy(t, HEAR, '+OK');
    for (const [text, sent] of [
      ['first', 'first'],
      ['second', 'first'],
      ['third', 'third'],
    ] as const) {
      writeFileSync(join(folder, 'login'), text);
      assert.equal((await resultOf(checker, server.target, LOGIN)).type, 'passed');
      assert.equal(server.clients.at(-1)?.heard, sent);
      if (text === 'second') clock.advance(1_000);
    }
  });

  for (const [name, folder, reason] of [
    ['login', undefined, 'the secret "login" can\'t be read: this proxy has no --secrets directory'],
    ['../login', '/tmp', 'the secret "../login" has no valid name'],
  ] as const)
    it(`is nothing else: ${reason}`, async () => {
      const check: HealthCheck = { ...LOGIN, script: [{ sendSecret: name }, { expect: '+OK' }] };
      const target = { host: '127.0.0.1', port: 1 };
      assert.deepEqual(await resultOf(checkerOn(new FakeClock(), [], folder), target, check), {
        type: 'failed',
        reason,
      });
    });
});

describe('a host without descriptors', () => {
  const INSIDE = 'CHECKS_WITHOUT_DESCRIPTORS';
  const shortage = { type: 'shortage', reason: 'this host ran out of resources: EMFILE' };
  if (process.env[INSIDE] === undefined)
    it('is not the fault of a backend', () => {
      const { status, stdout } = spawnSync(
        'sh',
        ['-c', 'ulimit -n 100; exec "$0" --test "$1"', process.execPath, fileURLToPath(import.meta.url)],
        { encoding: 'utf8', env: { ...process.env, [INSIDE]: '1', NODE_TEST_CONTEXT: undefined } },
      );
      assert.equal(status, 0, stdout);
    });
  else
    it('makes no check', async (t) => {
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, 'login'), 'x');
      const server = await servedBy(t, HEAR, OK);
      const hoarded: number[] = [];
      try {
        for (;;) hoarded.push(openSync('/dev/null', 'r'));
      } catch {
        const checker = checkerOn(new FakeClock(), [], folder);
        for (const check of [HTTP, TLS, LOGIN])
          assert.deepEqual(await resultOf(checker, server.target, check), shortage);
      }
      for (const fd of hoarded) closeSync(fd);
    });
});
