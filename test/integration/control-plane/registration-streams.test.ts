/** What the end of a Register stream means. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { addressesAt, registrationsAt } from '../../../harness/programs/registered-backend.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const ADDRESS = '10.0.9.9:80';

describe('a Register stream', () => {
  it('that is cancelled is a lost one: its backend may be registered elsewhere by now', async (t) => {
    const { logger, said } = collectingLogger();
    // It waits for its proxies, so that a drain would not end.
    const plane = await runControlPlane(t, { rosterGraceMs: 60_000, logger });
    await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
    const stream = plane.client.registrations.register();
    let answered = false;
    stream.on('data', () => (answered = true)).on('error', () => undefined);
    stream.write({ registration: { pool: 'web', address: ADDRESS, ttl: { seconds: '60' } } });
    await eventually(() => Promise.resolve(answered || undefined), 'the registration');
    stream.cancel();
    const ended = () => said.find((line) => /a registered backend (was lost|leaves)/.test(line));
    assert.match(await eventually(() => Promise.resolve(ended()), 'its end'), /was lost/);
    const [{ state } = assert.fail()] = await registrationsAt(plane.client);
    assert.equal(state, 'REGISTRATION_STATE_ACTIVE');
    assert.deepEqual(await addressesAt(plane.client), [ADDRESS]);
  });
});
