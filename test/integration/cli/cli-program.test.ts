/** Export, watch, and lbctl as a program among others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import type { Resource } from '../../../core/wire/generated/lb/v1/Resource.ts';
import { startFakeControlPlane } from '../../../harness/control-plane/fake-control-plane.ts';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { built, CHECKOUT, run, startBuilt } from '../../../harness/programs/processes.ts';
import { A, B, FLEET, wirePolicy, wirePool } from '../../../harness/control-plane/wire-answers.ts';

describe('lbctl export', () => {
  it('writes what apply sends back unchanged', async (t) => {
    const resources: Resource[] = [
      { policy: wirePolicy('steady') },
      { pool: wirePool('web', [A, [B, 'draining']]) },
      { listener: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
    ];
    const fake = await startFakeControlPlane(t, {
      Export: () => ({ resources }),
      Apply: () => ({ revision: '1' }),
    });
    const lbctl = lbctlFor(fake.address);
    for (const format of [[], ['-o', 'json']]) {
      const text = await succeed(lbctl, ['export', ...format]);
      await succeed(lbctl, ['apply', '-f', '-'], text);
      const sent = fake.requests.at(-1)?.request['resources'] as Record<string, { revision: string }>[];
      assert.equal(sent.length, 3);
      const [policy, pool, listener] = sent.map(({ policy, pool, listener }) => policy ?? pool ?? listener);
      assert.deepEqual({ ...policy, revision: '1' }, received(resources[0]));
      const { backends } = pool as unknown as { backends: Record<string, unknown>[] };
      assert.deepEqual(
        backends.map(({ address, weight, state }) => [address, weight, state]),
        [
          [A, 1, 'BACKEND_STATE_ACTIVE'],
          [B, 1, 'BACKEND_STATE_DRAINING'],
        ],
      );
      assert.equal((listener as unknown as { address: string }).address, '0.0.0.0:80');
    }
  });

  it('refuses to write less than there is, such as a check of a type that only a newer control plane knows', async (t) => {
    const policy = { ...wirePolicy('role'), healthCheck: { type: 99 as never } };
    const fake = await startFakeControlPlane(t, { Export: () => ({ resources: [{ policy }] }) });
    const { code, stdout, stderr } = await lbctlFor(fake.address)(['export']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(
      stderr,
      /newer than this lbctl.*policies\[role\]\.health_check\.type: 99 is not known.*; use a newer/,
    );
  });

  /** What arrives of it at the other end of the wire. */
  function received(resource: Resource | undefined) {
    const { requestSerialize, requestDeserialize } = loadDefinitions().services.config.Apply;
    return requestDeserialize(requestSerialize({ resources: [resource ?? {}] })).resources[0]?.policy;
  }
});

describe('lbctl get --watch', () => {
  it('prints what is there, then only what has changed', async (t) => {
    let wake = () => {};
    const woken = new Promise<void>((resolve) => (wake = resolve));
    let names = ['api', 'web'];
    const fake = await startFakeControlPlane(t, {
      ...FLEET,
      ListPools: () => ({ pools: names.map((name) => wirePool(name, [])) }),
      Watch: async function* () {
        yield {};
        await woken;
        yield {};
        await new Promise(() => undefined);
      },
    });
    const watch = startBuilt(t, 'cli/main.js', ['get', 'pools', '--watch', '--server', fake.address]);
    await watch.line((line) => line.startsWith('web ') || undefined, 'the row of web');
    names = ['api', 'green'];
    wake();
    await watch.line((line) => line === 'pool/web deleted' || undefined, 'that web is gone');
    assert.deepEqual(
      watch.lines.map((line) => line.split(/ {2}/)[0]),
      ['NAME', 'api', 'web', 'green', 'pool/web deleted'],
    );
    await watch.stop();
  });
});

describe('lbctl as a program', () => {
  it('prints the version of its package', async () => {
    const manifest = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout, stderr } = await lbctlFor('127.0.0.1:1')(['--version']);
    assert.deepEqual([code, stdout, stderr], [0, `${manifest.version}\n`, '']);
    for (const program of ['control-plane/main.js', 'data-plane/main.js']) {
      const printed = await run(process.execPath, [built(program), '--version']);
      assert.deepEqual(
        [printed.code, printed.stdout, printed.stderr],
        [0, `${manifest.version}\n`, ''],
        program,
      );
    }
  });

  it('shows help without loading grpc', async () => {
    const check = `
      const { run } = await import(${JSON.stringify(new URL('../../../cli/run.js', import.meta.url).href)});
      const code = await run(['get', '--help'], process);
      const { createRequire } = await import('node:module');
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((file) => file.includes('grpc'));
      console.error(JSON.stringify({ code, loaded }));`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', check]);
    assert.match(stdout, /Examples:/);
    assert.deepEqual(JSON.parse(stderr), { code: 0, loaded: [] });
  });
});
