/** Backends that register themselves, through real programs: they come, go, are lost, and are held. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freePort } from '../../harness/free-port.ts';
import { lbctlFor, startControlPlane, succeed } from '../../harness/programs/fleet.ts';
import { eventually, temporaryFolder } from '../../harness/programs/processes.ts';
import {
  addressesAt,
  clientOf,
  registrationScene,
  registrationsAt,
  startRegisteredBackend,
  startTraffic,
  untilRegistered,
  untilServes,
} from '../../harness/programs/registered-backend.ts';

describe('a backend that registers itself', () => {
  it('gets traffic while its command runs, and drains before the command hears of its end', async (t) => {
    const { clients, listener, servers } = await registrationScene(t);
    const [one, two] = await Promise.all([
      startRegisteredBackend(t, servers, 'web'),
      startRegisteredBackend(t, servers, 'web'),
    ]);
    await Promise.all([untilServes(listener, one), untilServes(listener, two)]);
    const running = startTraffic(listener);
    one.signal('SIGTERM');
    assert.deepEqual(await one.ended, { code: 7, signal: null });
    assert.deepEqual(await addressesAt(clients[1]), [two.address]);
    await running.end();
    const lbctl = lbctlFor(...servers);
    const rows = JSON.parse(await succeed(lbctl, ['get', 'backends', '-o', 'json'])) as { source: string }[];
    assert.deepEqual(
      rows.map(({ source }) => source),
      ['registered'],
    );
    assert.doesNotMatch(await succeed(lbctl, ['export']), new RegExp(two.address), 'it is no configuration');
  });

  it('leaves after its ttl when it is lost, and the others stay', async (t) => {
    const { planes, clients, servers } = await registrationScene(t);
    const [lost, other] = await Promise.all([
      startRegisteredBackend(t, servers, 'web', { ttl: '2s' }),
      startRegisteredBackend(t, servers, 'web', { ttl: '2s' }),
    ]);
    await Promise.all([untilRegistered(lost), untilRegistered(other)]);
    lost.signal('SIGKILL');
    await eventually(
      async () => ((await addressesAt(clients[0])).includes(lost.address) ? undefined : true),
      'it leaves',
      20_000,
    );
    assert.deepEqual(await addressesAt(clients[0]), [other.address]);
    const said = planes.flatMap(({ lines }) => lines).join('\n');
    // On a busy machine its silence is noticed before the end of its stream.
    assert.match(
      said,
      /a registered backend was lost: it leaves unless it comes back within its ttl|no sign of life/,
    );
    assert.match(said, /its lease has ended.*a registered backend is out of its pool/);
  });

  it('keeps its command running while no control plane is there, and registers once there is one', async (t) => {
    const server = `127.0.0.1:${await freePort()}`;
    const backend = await startRegisteredBackend(t, [server], 'web');
    await backend.line(
      (line) => line.startsWith(`lbctl: not registered at ${server}`),
      'that nobody answers',
    );
    const store = `lmdb:${join(temporaryFolder(t), 'store')}`;
    const plane = await startControlPlane(t, store, { grpcAddress: server });
    await backend.line((line) => line.includes('pool: "web" does not exist'), 'the refusal');
    await succeed(lbctlFor(plane.grpc), ['create', 'pool', 'web']);
    await untilRegistered(backend);
    assert.deepEqual(await addressesAt(clientOf(t, server)), [backend.address]);
  });

  it('is held, along with the others, when all are lost at once, and health checks decide', async (t) => {
    const { planes, clients, listener, servers } = await registrationScene(t);
    const start = () => startRegisteredBackend(t, servers, 'web', { ttl: '6s', escapes: true });
    const all = await Promise.all([start(), start(), start()]);
    await Promise.all(all.map((each) => untilRegistered(each)));
    for (const each of all) each.signal('SIGKILL');
    await eventually(
      async () => {
        const states = (await registrationsAt(clients[1])).map(({ state }) => state);
        return states.length === 3 && states.every((state) => state === 'REGISTRATION_STATE_EXPIRING');
      },
      'they are held',
      30_000,
    );
    // Their servers live on without lbctl, so health checks find them well.
    for (const each of all) await untilServes(listener, each);
    const alarms = planes.flatMap(({ lines }) => lines.filter((line) => /lost within one ttl/.test(line)));
    assert.equal(alarms.length, 3, alarms.join('\n'));
    const metrics = await (await fetch(`http://${planes[1].http}/metrics`)).text();
    assert.match(metrics, /^lb_registrations_held\{pool="web"\} 3$/m);
    assert.match(metrics, /^lb_registrations\{pool="web"\} 3$/m);
  });
});
