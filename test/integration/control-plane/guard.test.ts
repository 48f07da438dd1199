/** The guard as its users meet it: lbctl, a control plane, a proxy with traffic. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import {
  startProxy,
  startControlPlane,
  type Lbctl,
  lbctlFor,
  succeed,
} from '../../../harness/programs/fleet.ts';
import { eventually, freePort, type Scope } from '../../../harness/programs/processes.ts';
import { ask, dial, startEcho } from '../../../harness/engine/tcp.ts';

async function startScene(scope: Scope) {
  const plane = await startControlPlane(scope);
  await startProxy(scope, 'p', [plane.grpc]);
  const lbctl = lbctlFor(plane.grpc);
  const servers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => startEcho(name)));
  scope.after(() => servers.forEach((server) => server.stop()));
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  const port = await freePort();
  return { lbctl, addresses, port };
}

/** Until the proxy has said that it finds so many backends healthy. */
async function untilHealthy(lbctl: Lbctl, count: number): Promise<void> {
  await eventually(async () => {
    const rows = JSON.parse(await succeed(lbctl, ['health', 'web', '-o', 'json'])) as { health: string }[];
    return rows.filter(({ health }) => health === 'healthy').length === count ? true : undefined;
  }, `${count} healthy backends`);
}

/** A listener for the pool, once it runs everywhere. */
async function listen(lbctl: Lbctl, port: number): Promise<void> {
  const address = `127.0.0.1:${port}`;
  await succeed(lbctl, ['create', 'listener', 'web', '--address', address, '--pool', 'web', '--wait']);
}

describe('the guard', () => {
  it('refuses what takes the last healthy backend, says so in a dry run, and yields to --force', async (t) => {
    const { lbctl, addresses, port } = await startScene(t);
    const [alive = ''] = addresses;
    const dead = `127.0.0.1:${await freePort()}`;
    await succeed(lbctl, ['create', 'pool', 'web', '--backend', alive, '--backend', dead]);
    await listen(lbctl, port);
    await untilHealthy(lbctl, 1);
    for (const change of ['remove', 'drain', 'disable']) {
      const { code, stderr } = await lbctl(['backend', change, 'web', alive]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /guard.*no backend that any proxy finds healthy.*--force/);
    }
    const dry = await lbctl(['backend', 'drain', 'web', alive, '--dry-run']);
    assert.equal(dry.code, 1);
    assert.match(dry.stderr, /the guard would refuse this without --force:\n {2}pools\[web\]/);
    assert.match(dry.stdout, new RegExp(`${alive} +50.0 % +0.0 % +0\n`));
    const json = await lbctl(['backend', 'drain', 'web', alive, '--dry-run', '-o', 'json']);
    assert.equal((JSON.parse(json.stdout) as { guardRefusals: unknown[] }).guardRefusals.length, 1);

    const forced = await lbctl(['backend', 'drain', 'web', alive, '--force']);
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(forced.stderr, /the guard was overruled:\n {2}pools\[web\]/);
  });

  it('lets "add B, drain A" through as soon as B has passed its first check', async (t) => {
    const { lbctl, addresses, port } = await startScene(t);
    const [a = '', b = ''] = addresses;
    await succeed(lbctl, ['create', 'pool', 'web', '--backend', a]);
    await succeed(lbctl, ['create', 'listener', 'web', '--address', `127.0.0.1:${port}`, '--pool', 'web']);
    await untilHealthy(lbctl, 1);
    await succeed(lbctl, ['backend', 'add', 'web', b]);
    await succeed(lbctl, ['backend', 'drain', 'web', a]);
  });

  it('deletes no listener with open connections unless forced, and then lets them finish', async (t) => {
    const { lbctl, addresses, port } = await startScene(t);
    await succeed(lbctl, ['create', 'pool', 'web', ...addresses.flatMap((each) => ['--backend', each])]);
    await listen(lbctl, port);
    const client = await dial(port);
    t.after(() => client.destroy());
    const answer = await ask(client, 'before');
    const refused = await eventually(async () => {
      const dry = await lbctl(['delete', 'listener', 'web', '--dry-run']);
      return dry.stderr.includes('the guard would refuse') ? dry : undefined;
    }, 'the report of an open connection');
    assert.match(refused.stderr, /listeners\[web\] has 1 open connection on 1 proxy/);
    assert.match(
      refused.stdout,
      /listener web would stop accepting connections at its address; 1 open connections could finish/,
    );
    const { code, stderr } = await lbctl(['delete', 'listener', 'web']);
    assert.equal(code, 1);
    assert.match(stderr, /has 1 open connection on 1 proxy/);

    await succeed(lbctl, ['delete', 'listener', 'web', '--force', '--wait']);
    const late = connect(port, '127.0.0.1');
    await assert.rejects(new Promise((resolve, reject) => late.on('connect', resolve).on('error', reject)), {
      code: 'ECONNREFUSED',
    });
    assert.equal(await ask(client, 'after'), answer.replace('before', 'after'));
  });
});
