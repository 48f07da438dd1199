/** `lbctl register` and the replicas that it registers at. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryLog, MemoryStore } from '../harness/memory-store.ts';
import { addressesAt, startRegistered, untilRegistered } from '../harness/registered.ts';
import { runControlPlane } from '../harness/running-control-plane.ts';

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
    const backend = await startRegistered(t, servers, 'web', options);
    await untilRegistered(backend, servers[0]);
    backend.signal('SIGTERM');
    await backend.line((line) => line.includes(' leaves web') || undefined, 'the drain');
    await first.stop();
    assert.deepEqual(await backend.ended, { code: 7, signal: null });
    assert.deepEqual(await addressesAt(second.client), []);
  });
});
