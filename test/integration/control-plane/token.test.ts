/** The shared token: what a control plane refuses without it, and what its programs do with it. */
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { Client, credentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import { answers, lbctlFor, startProxy, succeed } from '../../../harness/programs/fleet.ts';
import { built, eventually, run, startBuilt, temporaryFolder } from '../../../harness/programs/processes.ts';
import {
  addressesAt,
  startRegisteredBackend,
  untilRegistered,
} from '../../../harness/programs/registered-backend.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const TOKEN = 'correct-horse-battery-staple';
const tokens = { first: TOKEN, accepts: (candidate: string) => candidate === TOKEN };
const ANY = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

/** Every method that a control plane has, health and reflection included, as a caller that ends at once. */
function everyMethod(): readonly string[] {
  const ours = Object.values(loadDefinitions().services).flatMap((service) =>
    Object.values(service as Record<string, MethodDefinition<unknown, unknown>>).map(({ path }) => path),
  );
  const reflection = ['v1', 'v1alpha'].map(
    (v) => `/grpc.reflection.${v}.ServerReflection/ServerReflectionInfo`,
  );
  return [...ours, ...reflection];
}

interface Ending {
  readonly code: status;
  readonly details: string;
}

/** A call without a message, and how it ends. */
function startCall(client: Client, path: string, authorization?: string) {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set('authorization', authorization);
  const raw = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(path, raw, raw, metadata, { deadline: Date.now() + 10_000 });
  call.on('data', () => undefined).on('error', () => undefined);
  call.write(Buffer.alloc(0));
  call.end();
  return { call, ended: new Promise<Ending>((resolve) => call.on('status', resolve)) };
}

function ending(...args: Parameters<typeof startCall>): Promise<Ending> {
  return startCall(...args).ended;
}

function rawClient(t: TestContext, address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  t.after(() => client.close());
  return client;
}

describe('a control plane with a token', () => {
  it('refuses every gRPC method but health to who does not know it, in words', async (t) => {
    const plane = await runControlPlane(t, { tokens });
    const client = rawClient(t, plane.grpcAddress);
    const methods = everyMethod();
    assert.ok(methods.length > 25);
    for (const path of methods) {
      const known = startCall(client, path, `Bearer ${TOKEN}`);
      const without = await ending(client, path);
      assert.equal(without.code, status.UNAUTHENTICATED, path);
      assert.match(without.details, /the call has none.*--token-file FILE.*LB_TOKEN_FILE.*LBCTL_TOKEN_FILE/);
      for (const wrong of ['Bearer other', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN, 'Bearer']) {
        const { code, details } = await ending(client, path, wrong);
        assert.equal(code, status.UNAUTHENTICATED, `${path} with ${wrong}`);
        assert.match(details, /does not accept the token.*--token-file FILE/);
      }
      // It came first, so a refusal would have come first too. A stream would go on until its deadline.
      known.call.cancel();
      assert.notEqual((await known.ended).code, status.UNAUTHENTICATED, path);
    }
    assert.equal((await ending(client, '/grpc.health.v1.Health/Check')).code, status.OK);
  });

  it('shows nothing over HTTP but what probes, scrapers and the sign-in need', async (t) => {
    const plane = await runControlPlane(t, { tokens });
    const ask = (path: string, authorization?: string, method = 'GET') => {
      const origin = `http://${plane.httpAddress}`;
      const headers = { origin, 'content-type': 'application/json', ...(authorization && { authorization }) };
      return fetch(`${origin}${path}`, { method, headers });
    };
    for (const [path, method] of [
      ['/api/events', 'HEAD'],
      ['/api/revisions', 'GET'],
      ['/api/revision', 'GET'],
      ['/api/difference', 'GET'],
      ['/api/converged', 'GET'],
      ['/api/changes', 'POST'],
    ] as const) {
      for (const wrong of [undefined, 'Bearer other']) {
        assert.equal((await ask(path, wrong, method)).status, 401, `${path} ${wrong}`);
      }
      assert.notEqual((await ask(path, `Bearer ${TOKEN}`, method)).status, 401, path);
    }
    for (const path of ['/', '/app.mjs', '/metrics', '/healthz', '/readyz']) {
      assert.equal((await ask(path)).status, 200, path);
    }
    assert.equal((await ask('/nothing')).status, 404);
  });
});

describe('the programs and their --token-file', () => {
  it('a control plane without one refuses to be reached by other machines, with both ways out', async (t) => {
    const store = ['--store', `lmdb:${join(temporaryFolder(t), 'store')}`];
    const program = built('control-plane/main.js');
    const everywhere = ['--grpc-address', '0.0.0.0:0', '--http-address', '[::]:0'];
    const refused = await run(process.execPath, [program, ...everywhere, ...store]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /--grpc-address 0\.0\.0\.0:0: .*--token-file FILE.*--insecure/);
    assert.match(refused.stderr, /--http-address \[::\]:0: .*--token-file FILE.*--insecure/);
    const insisted = startBuilt(t, 'control-plane/main.js', [...ANY, ...store, '--insecure']);
    await insisted.line((line) => line.includes('control plane started') || undefined, 'its start');
    assert.ok(insisted.lines.some((line) => line.includes('--insecure')));
  });

  it('exit with 2 and words for a file that is empty', async (t) => {
    const empty = join(temporaryFolder(t), 'token');
    writeFileSync(empty, '\n', { mode: 0o600 });
    for (const [program, variable, ...words] of [
      ['control-plane/main.js', 'LB_TOKEN_FILE'],
      ['data-plane/main.js', 'LB_TOKEN_FILE'],
      ['cli/main.js', 'LBCTL_TOKEN_FILE', 'get', 'pools'],
    ] as const) {
      const { code, stderr } = await run(process.execPath, [built(program), ...words], {
        env: { [variable]: empty },
      });
      assert.equal(code, 2, stderr);
      assert.match(stderr, new RegExp(`${variable}.*is empty`));
    }
  });

  it('a token is exchanged without a restart, and is in no log line', async (t) => {
    const folder = temporaryFolder(t);
    const [old, fresh] = ['old-token-0123456789', 'new-token-9876543210'];
    const [server, client] = [join(folder, 'server'), join(folder, 'client')];
    writeFileSync(server, `${old}\n`, { mode: 0o600 });
    writeFileSync(client, `${old}\n`, { mode: 0o600 });
    const flags = [...ANY, '--store', `lmdb:${join(folder, 'store')}`, '--log-level', 'trace'];
    const plane = startBuilt(t, 'control-plane/main.js', [...flags, '--token-file', server]);
    const grpc = await plane.line((line) => /"grpc_address":"([^"]+)"/.exec(line)?.[1], 'the gRPC address');
    const proxy = await startProxy(t, 'p', [grpc], ['--token-file', client, '--log-level', 'trace']);
    const lbctl = lbctlFor(grpc);
    const withFile = (file: string, ...words: string[]) => lbctl([...words, '--token-file', file]);

    const refused = await lbctl(['get', 'pools']);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^lbctl: this control plane wants a token.*LBCTL_TOKEN_FILE/);
    await succeed(lbctl, ['create', 'pool', 'web', '--wait', '--token-file', client]);

    const readAgain = (program: { lines: readonly string[] }) =>
      program.lines.filter((line) => line.includes('read the token file again')).length;
    writeFileSync(server, `${fresh}\n${old}\n`);
    await eventually(async () => readAgain(plane) > 0 || undefined, 'the new tokens');
    assert.equal((await withFile(client, 'get', 'pools')).code, 0);
    writeFileSync(client, `${fresh}\n`);
    await eventually(async () => readAgain(proxy) > 0 || undefined, 'the new token of the proxy');
    const before = readAgain(plane);
    writeFileSync(server, `${fresh}\n`);
    plane.signal('SIGHUP');
    await eventually(async () => readAgain(plane) > before || undefined, 'only the new token');
    writeFileSync(join(folder, 'stale'), old, { mode: 0o600 });
    assert.match((await withFile(join(folder, 'stale'), 'get', 'pools')).stderr, /does not accept the token/);
    await succeed(lbctl, ['delete', 'pool', 'web', '--wait', '--token-file', client]);

    await answers(`http://${proxy.admin}/readyz`);
    for (const program of [plane, proxy]) {
      assert.ok(program.lines.length > 5);
      assert.doesNotMatch(program.lines.join('\n'), /old-token|new-token/);
    }
    assert.match(readFileSync(server, 'utf8'), /new-token/);
  });

  it('a backend registers with it', async (t) => {
    const plane = await runControlPlane(t, { tokens });
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const file = join(temporaryFolder(t), 'token');
    writeFileSync(file, TOKEN, { mode: 0o600 });
    const flags = ['--token-file', file];
    const backend = await startRegisteredBackend(t, [plane.grpcAddress], 'web', { flags });
    await untilRegistered(backend);
    assert.deepEqual(await addressesAt(plane.client), [backend.address]);
  });
});
