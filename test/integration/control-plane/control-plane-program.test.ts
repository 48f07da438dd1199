/** lb-control-plane as a process: its flags, its start and its end. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { systemLookup } from '../../../core/runtime/name-lookup.ts';
import { lbctlFor, startControlPlane, succeed } from '../../../harness/programs/fleet.ts';
import { eventually, run, built, startBuilt, temporaryFolder } from '../../../harness/programs/processes.ts';

const program = built('control-plane/main.js');
const ANY = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

describe('the flags', () => {
  for (const { args = [], env = {}, says } of [
    { args: ['--log-level', 'loud'], says: /--log-level.*'loud'.*trace, debug, info, warn, error/ },
    { args: ['--store', 'redis:here'], says: /--store.*'redis:here'.*lmdb:DIR.*etcd:HOST:PORT/ },
    { env: { LB_STORE: 'redis:here' }, says: /LB_STORE.*lmdb:DIR/ },
  ]) {
    it(`${JSON.stringify([args, env])} are refused with what is allowed`, async () => {
      const { code, stderr } = await run(process.execPath, [program, ...args], { env });
      assert.equal(code, 2);
      assert.match(stderr, says);
    });
  }

  it('are explained', async () => {
    const { code, stdout } = await run(process.execPath, [program, '--help']);
    assert.equal(code, 0);
    for (const word of ['127.0.0.1:7000', '127.0.0.1:7080', 'lmdb:./data/control-plane', 'LB_GRPC_ADDRESS']) {
      assert.ok(stdout.includes(word), word);
    }
  });

  it('of etcd are refused all at once', async () => {
    const wrong = ['--etcd-key', '/nowhere', '--etcd-user', 'lb', '--etcd-prefix', 'east'];
    for (const store of ['etcd:127.0.0.1:1', 'lmdb:/tmp/nowhere']) {
      const { code, stderr } = await run(process.execPath, [program, '--store', store, ...wrong]);
      assert.equal(code, 2);
      for (const flag of ['--etcd-key', '--etcd-user', '--etcd-prefix'])
        assert.match(stderr, new RegExp(`^error: ${flag} `, 'm'));
    }
  });
});

describe('the program', () => {
  it('says where it is, ends in order when told to, and finds its configuration again, in a copy of its folder too', async (context) => {
    const folder = temporaryFolder(context);
    const [directory, copy] = [join(folder, 'store'), join(folder, 'copy')];
    const store = `lmdb:${directory}`;
    const first = await startControlPlane(context, store);
    assert.ok(first.lines.some((line) => line.includes(`"store":"${store}"`)));
    await succeed(lbctlFor(first.grpc), ['create', 'pool', 'web', '--backend', '10.0.0.1:80']);
    assert.deepEqual(await first.stop(), { code: 0, signal: null });

    const second = await startControlPlane(context, store);
    assert.match(await succeed(lbctlFor(second.grpc), ['get', 'pools', '-o', 'name']), /web/);
    second.signal('SIGKILL');
    await second.ended;

    cpSync(directory, copy, { recursive: true });
    const third = await startControlPlane(context, `lmdb:${copy}`);
    const history = JSON.parse(await succeed(lbctlFor(third.grpc), ['history', '-o', 'json']));
    assert.equal(history.length, 1);
  });

  it('lives through SIGHUP with nothing to read again', async (context) => {
    const store = `lmdb:${join(temporaryFolder(context), 'store')}`;
    const flags = [...ANY, '--store', store, '--log-level', 'debug'];
    const running = startBuilt(context, 'control-plane/main.js', flags);
    await running.line((line) => (line.includes('control plane started') ? true : undefined), 'the start');
    running.signal('SIGHUP');
    await running.line((line) => (line.includes('"SIGHUP"') ? true : undefined), 'the signal');
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  });

  it('starts on a store that does not answer, says so, and is not ready', async (context) => {
    const store = `etcd:127.0.0.1:${await freePort()}`;
    const running = startBuilt(context, 'control-plane/main.js', [...ANY, '--store', store]);
    const http = await running.line((line) => /"http_address":"([^"]+)"/.exec(line)?.[1], 'the HTTP address');
    await running.line(
      (line) => (line.includes('the store does not answer; trying again') ? true : undefined),
      'that the store does not answer',
    );
    const reasons = await eventually(async () => {
      const answer = await fetch(`http://${http}/readyz`);
      assert.equal(answer.status, 503);
      const body = await answer.text();
      return body.includes('does not answer') ? body : undefined;
    }, 'the reason');
    assert.ok(reasons.includes(store), reasons);
    assert.deepEqual(await running.stop(), { code: 0, signal: null });
  });

  it('does not start on an address that is taken, and says which flag to use', async (context) => {
    const { grpc, http } = await startControlPlane(context);
    for (const [flag, taken, other] of [
      ['--grpc-address', grpc, '--http-address'],
      ['--http-address', http, '--grpc-address'],
    ] as const) {
      const store = `lmdb:${join(temporaryFolder(context), 'store')}`;
      const args = [flag, taken, other, '127.0.0.1:0', '--store', store];
      const { code, stderr } = await run(process.execPath, [program, ...args]);
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`${taken} .*EADDRINUSE.*${flag}`));
      for (const line of stderr.trim().split('\n')) JSON.parse(line);
    }
  });
});

it('lbctl looks up a host name, and goes on to the next address when it leads nowhere', async (t) => {
  const { grpc } = await startControlPlane(t);
  await succeed(lbctlFor(grpc), ['create', 'pool', 'web']);
  const named = grpc.replace('127.0.0.1', 'localhost');
  const found = await lbctlFor('no-such-host.invalid:1', named)(['get', 'pools', '-o', 'name']);
  assert.match(found.stdout, /web/);
  const { code, stderr } = await lbctlFor('no-such-host.invalid:1')(['get', 'pools']);
  assert.equal(code, 3);
  assert.match(stderr, /no-such-host\.invalid can't be resolved/);
});

it('is found by its name though it listens on IPv6 alone', async (t) => {
  const families = await systemLookup('localhost');
  if (!families.includes('::1') || !families.includes('127.0.0.1'))
    return t.skip('localhost does not have both families here');
  const store = `lmdb:${join(temporaryFolder(t), 'store')}`;
  const flags = ['--grpc-address', '[::1]:0', '--http-address', '127.0.0.1:0', '--store', store];
  const running = startBuilt(t, 'control-plane/main.js', flags);
  const grpc = await running.line((line) => /"grpc_address":"([^"]+)"/.exec(line)?.[1], 'its address');
  const named = grpc.replace('[::1]', 'localhost');
  await succeed(lbctlFor(named), ['create', 'pool', 'web']);
  const state = ['--proxy-id', 'p', '--state-dir', temporaryFolder(t)];
  startBuilt(t, 'data-plane/main.js', [...state, '--control-plane', named, '--admin-address', '127.0.0.1:0']);
  await succeed(lbctlFor(named), ['--timeout', '60s', 'wait', '1']);
});
