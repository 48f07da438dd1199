/** `lbctl register` and the replicas that it registers at. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { built, eventually, startProcess } from '../../../harness/programs/processes.ts';
import { MemoryLog, MemoryStore } from '../../../harness/store/memory-store.ts';
import {
  addressesAt,
  startRegisteredBackend,
  untilRegistered,
} from '../../../harness/programs/registered-backend.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

describe('lbctl register', () => {
  it('leaves at the next replica when the one that drains it goes, before its command ends', async (t) => {
    const log = new MemoryLog();
    // One that knows no proxy yet waits for them, so the drain does not end there.
    const first = await runControlPlane(t, { store: new MemoryStore(log), rosterGraceMs: 60_000 });
    const second = await runControlPlane(t, { store: new MemoryStore(log) });
    await first.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const servers = [first.grpcAddress, second.grpcAddress];
    // Its lease outlives the test: only who drains it takes it away.
    const options = { ttl: '60s', flags: ['--drain-wait', '60s'] };
    const backend = await startRegisteredBackend(t, servers, 'web', options);
    await untilRegistered(backend, servers[0]);
    backend.signal('SIGTERM');
    await backend.line((line) => line.includes(' leaves web') || undefined, 'the drain');
    await first.stop();
    assert.deepEqual(await backend.ended, { code: 7, signal: null });
    assert.deepEqual(await addressesAt(second.client), []);
  });

  it('drains before a Ctrl-C at the terminal reaches its command, which a second one reaches at once', async (t) => {
    // It knows no proxy yet and waits for them, so the drain does not end.
    const plane = await runControlPlane(t, { rosterGraceMs: 60_000 });
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const options = { ttl: '60s', flags: ['--drain-wait', '60s'], typed: true };
    const backend = await startRegisteredBackend(t, [plane.grpcAddress], 'web', options);
    await untilRegistered(backend);
    await untilServing(backend);
    backend.write('\x03');
    await backend.line((line) => line.includes(' leaves web') || undefined, 'the drain');
    assert.ok(await (await fetch(`http://${backend.address}/`)).text(), 'it serves no more');
    backend.write('\x03');
    assert.deepEqual(await backend.ended, { code: 128 + 2, signal: null });
  });

  it('stops with its command at a Ctrl-Z, and both go on', async (t) => {
    const plane = await runControlPlane(t);
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const backend = await startRegisteredBackend(t, [plane.grpcAddress], 'web', { ttl: '60s' });
    await untilRegistered(backend);
    await untilServing(backend);
    const pids = [backend.pid, backend.commandPid];
    backend.signal('SIGTSTP');
    await eventually(
      () => Promise.resolve(pids.every((pid) => stateOf(pid) === 'T') || undefined),
      'both stop',
    );
    backend.signal('SIGCONT');
    assert.ok(await (await fetch(`http://${backend.address}/`)).text());
  });

  it('outlives whoever reads its output', async (t) => {
    const plane = await runControlPlane(t);
    const address = `127.0.0.1:${await freePort()}`;
    const args = ['--server', plane.grpcAddress, 'register', 'web', address, '--', 'sleep', '1000'];
    // There is no such pool yet, so the first thing that it says finds nobody who reads it.
    const child = spawn(process.execPath, [built('cli/main.js'), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    const ended = once(child, 'close');
    child.stdout.destroy();
    child.stderr.destroy();
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    await eventually(async () => (await addressesAt(plane.client)).includes(address), 'it registers');
    child.kill('SIGTERM');
    assert.deepEqual((await ended)[0], 128 + 15);
    assert.deepEqual(await addressesAt(plane.client), []);
  });

  it('ends its command, and all that it started, when it is killed itself', async (t) => {
    const plane = await runControlPlane(t);
    const flags = ['--', 'sh', '-c', 'sleep 1000 & echo "runs $!"; wait'];
    const args = ['--server', plane.grpcAddress, 'register', 'web', '127.0.0.1:9', ...flags];
    const lbctl = startProcess(t, process.execPath, [built('cli/main.js'), ...args]);
    const pid = Number(await lbctl.line((line) => /^runs (\d+)$/.exec(line)?.[1], 'its command'));
    // The guard knows the command by then.
    await lbctl.line((line) => line.startsWith('lbctl: ') || undefined, 'that it has begun');
    lbctl.signal('SIGKILL');
    await eventually(async () => !existsSync(`/proc/${pid}`) || stateOf(pid) === 'Z', 'its command ends');
  });
});

/** A command registers while it is still starting. */
async function untilServing({ address }: { readonly address: string }): Promise<void> {
  await eventually(
    () =>
      fetch(`http://${address}/`).then(
        () => true,
        () => undefined,
      ),
    'the command serves',
  );
}

/** One letter, as the kernel names it. */
function stateOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .slice(0, 1);
}
