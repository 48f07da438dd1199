/** What the end of a Register stream means. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RegisterResponse__Output } from '../../../core/wire/generated/lb/v1/RegisterResponse.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';
import { eventually, type Scope } from '../../../harness/programs/processes.ts';
import { addressesAt, registrationsAt } from '../../../harness/programs/registered-backend.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const ADDRESS = '10.0.9.9:80';

/** A backend that has registered at a replica which waits for its proxies, so that a drain does not end. */
async function registeredScene(scope: Scope) {
  const { logger, said } = collectingLogger();
  const plane = await runControlPlane(scope, { rosterGraceMs: 60_000, logger });
  await plane.call('pools', 'CreatePool', { pool: { name: 'web' } });
  const stream = plane.client.registrations.register();
  const answers: RegisterResponse__Output[] = [];
  stream.on('data', (answer: RegisterResponse__Output) => answers.push(answer));
  stream.on('error', () => undefined);
  stream.write({ registration: { pool: 'web', address: ADDRESS, ttl: { seconds: '60' } } });
  await eventually(() => Promise.resolve(answers.length > 0 || undefined), 'the registration');
  const stateOf = async () => (await registrationsAt(plane.client))[0]?.state;
  return { plane, said, stream, stateOf };
}

describe('a Register stream', () => {
  it('drains its backend where its caller ends its side', async (t) => {
    const { stream, stateOf } = await registeredScene(t);
    stream.end();
    const isDraining = async () => (await stateOf()) === 'REGISTRATION_STATE_DRAINING' || undefined;
    await eventually(isDraining, 'the drain');
    stream.cancel();
  });

  it('that is cancelled is a lost one: its backend may be registered elsewhere by now', async (t) => {
    const { plane, said, stream, stateOf } = await registeredScene(t);
    stream.cancel();
    const ended = () => said.find((line) => /a registered backend (was lost|leaves)/.test(line));
    const how = await eventually(() => Promise.resolve(ended()), 'its end');
    assert.match(how, /was lost/);
    assert.equal(await stateOf(), 'REGISTRATION_STATE_ACTIVE');
    assert.deepEqual(await addressesAt(plane.client), [ADDRESS]);
  });
});
