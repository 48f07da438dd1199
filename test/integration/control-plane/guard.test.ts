/** The guard as its users meet it: lbctl, a control plane, a proxy with traffic. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import {
  startProxy,
  startControlPlane,
  type Lbctl,
  lbctlFor,
  succeed,
} from '../../../harness/programs/fleet.ts';
import { eventually, laterScope, type Scope } from '../../../harness/programs/processes.ts';
import { ask, dial, startEcho } from '../../../harness/engine/tcp.ts';

async function startScene(scope: Scope) {
  const plane = await startControlPlane(scope);
  await startProxy(scope, 'p', [plane.grpc]);
  const lbctl = lbctlFor(plane.grpc);
  const servers = await Promise.all(['a', 'b'].map((name) => startEcho(name)));
  scope.after(() => servers.forEach((server) => server.stop()));
  const [a = '', b = ''] = servers.map(({ port }) => `127.0.0.1:${port}`);
  return { lbctl, a, b };
}

/** Until the proxy has said that it finds so many backends healthy. */
async function untilHealthy(lbctl: Lbctl, pool: string, count: number): Promise<void> {
  await eventually(async () => {
    const rows = JSON.parse(await succeed(lbctl, ['health', pool, '-o', 'json'])) as { health: string }[];
    return rows.filter(({ health }) => health === 'healthy').length === count ? true : undefined;
  }, `${count} healthy backends`);
}

/** A pool of these backends and a listener of the same name, once they run everywhere. Its port. */
async function declare(lbctl: Lbctl, name: string, ...backends: readonly string[]): Promise<number> {
  const port = await freePort();
  await succeed(lbctl, ['create', 'pool', name, ...backends.flatMap((each) => ['--backend', each])]);
  const address = `127.0.0.1:${port}`;
  await succeed(lbctl, ['create', 'listener', name, '--address', address, '--pool', name, '--wait']);
  return port;
}

/** One fleet for all, and a pool and a listener for each. */
describe('the guard', () => {
  const scope = laterScope();
  let scene: Awaited<ReturnType<typeof startScene>>;
  before(async () => {
    scene = await startScene(scope);
  });
  after(() => scope.end());

  it('refuses what takes the last healthy backend, says so in a dry run, and yields to --force', async () => {
    const { lbctl, a: alive } = scene;
    await declare(lbctl, 'last', alive, `127.0.0.1:${await freePort()}`);
    await untilHealthy(lbctl, 'last', 1);
    for (const change of ['remove', 'drain', 'disable']) {
      const { code, stderr } = await lbctl(['backend', change, 'last', alive]);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /guard.*no backend that any proxy finds healthy.*--force/);
    }
    const dry = await lbctl(['backend', 'drain', 'last', alive, '--dry-run']);
    assert.equal(dry.code, 1);
    assert.match(dry.stderr, /the guard would refuse this without --force:\n {2}pools\[last\]/);
    assert.match(dry.stdout, new RegExp(`${alive} +100.0 % +0.0 % +0\n`));
    const json = await lbctl(['backend', 'drain', 'last', alive, '--dry-run', '-o', 'json']);
    assert.equal((JSON.parse(json.stdout) as { guardRefusals: unknown[] }).guardRefusals.length, 1);

    const forced = await lbctl(['backend', 'drain', 'last', alive, '--force']);
    assert.equal(forced.code, 0, forced.stderr);
    assert.match(forced.stderr, /the guard was overridden:\n {2}pools\[last\]/);
  });

  it('lets "add B, drain A" through as soon as B has passed its first check', async () => {
    const { lbctl, a, b } = scene;
    await declare(lbctl, 'swap', a);
    await untilHealthy(lbctl, 'swap', 1);
    await succeed(lbctl, ['backend', 'add', 'swap', b]);
    await succeed(lbctl, ['backend', 'drain', 'swap', a]);
  });

  it('deletes no listener with open connections unless forced, and then lets them finish', async (t) => {
    const { lbctl, a, b } = scene;
    const port = await declare(lbctl, 'open', a, b);
    const client = await dial(port);
    t.after(() => client.destroy());
    const answer = await ask(client, 'before');
    const refused = await eventually(async () => {
      const dry = await lbctl(['delete', 'listener', 'open', '--dry-run']);
      return dry.stderr.includes('the guard would refuse') ? dry : undefined;
    }, 'the report of an open connection');
    assert.match(refused.stderr, /listeners\[open\]: has 1 open connection on 1 proxy/);
    assert.match(
      refused.stdout,
      /listener open would stop accepting connections at its address; 1 open connections could finish/,
    );
    const { code, stderr } = await lbctl(['delete', 'listener', 'open']);
    assert.equal(code, 1);
    assert.match(stderr, /has 1 open connection on 1 proxy/);

    await succeed(lbctl, ['delete', 'listener', 'open', '--force', '--wait']);
    const late = connect(port, '127.0.0.1');
    await assert.rejects(new Promise((resolve, reject) => late.on('connect', resolve).on('error', reject)), {
      code: 'ECONNREFUSED',
    });
    assert.equal(await ask(client, 'after'), answer.replace('before', 'after'));
  });
});
