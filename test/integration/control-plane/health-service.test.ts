/** The standard health service, as orchestrators ask it. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import type { HealthCheckResponse__Output } from '../../../core/wire/generated/grpc/health/v1/HealthCheckResponse.ts';
import { ServerStream } from '../../../harness/control-plane/server-stream.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { MemoryStore } from '../../../harness/store/memory-store.ts';

describe('the health service', () => {
  const { Check, Watch } = loadDefinitions().health;
  const clientOf = (context: TestContext, { grpcAddress }: TestControlPlane) => {
    const client = new Client(grpcAddress, credentials.createInsecure());
    context.after(() => client.close());
    return client;
  };
  const check = (client: Client, service = '') =>
    new Promise<HealthCheckResponse__Output['status'] | undefined>((resolve, reject) => {
      client.makeUnaryRequest(
        Check.path,
        Check.requestSerialize,
        Check.responseDeserialize,
        { service },
        (error, answer) => (error ? reject(error) : resolve(answer?.status)),
      );
    });

  it('says SERVING only while the store is followed', async (context) => {
    const store = new MemoryStore();
    store.away = true;
    const client = clientOf(context, await runControlPlane(context, { store, ready: false }));
    assert.equal(await check(client), 'NOT_SERVING');
    store.away = false;
    await eventually(async () => (await check(client)) === 'SERVING' || undefined, 'serving');
  });

  it('knows the replica as a whole, and no other service', async (context) => {
    const client = clientOf(context, await runControlPlane(context));
    await assert.rejects(check(client, 'lb.v1.PoolService'), ({ code, details }: ServiceError) => {
      assert.match(details, /leave the name of the service empty/);
      return code === status.NOT_FOUND;
    });
  });

  it('tells a watch what changes, and ends it when the replica stops', async (context) => {
    const plane = await runControlPlane(context);
    const client = clientOf(context, plane);
    const watch = (service: string) =>
      new ServerStream(
        client.makeServerStreamRequest(Watch.path, Watch.requestSerialize, Watch.responseDeserialize, {
          service,
        }),
      );
    const [known, unknown] = [watch(''), watch('nothing')];
    assert.equal((await known.next()).status, 'SERVING');
    assert.equal((await unknown.next()).status, 'SERVICE_UNKNOWN');
    await plane.stop();
    assert.equal((await known.next()).status, 'NOT_SERVING');
    for (const stream of [known, unknown]) assert.equal((await stream.error()).code, 'UNAVAILABLE');
  });
});
