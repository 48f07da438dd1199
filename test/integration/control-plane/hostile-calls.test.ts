/** What callers without a token can make a gRPC server keep, on a server of its own with small limits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as dial, constants } from 'node:http2';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { refuseCall, HEALTH_METHODS } from '../../../control-plane/access/call-access.ts';
import { GrpcServer } from '../../../control-plane/rpc/grpc-server.ts';
import { systemClock } from '../../../core/runtime/clock.ts';
import { silentLogger } from '../../../core/runtime/logger.ts';
import { loadDefinitions } from '../../../core/wire/definitions.ts';
import {
  connected,
  framed,
  openCall,
  rawSession,
  textRequest,
} from '../../../harness/control-plane/raw-calls.ts';
import { eventually } from '../../../harness/programs/processes.ts';

const WATCH = '/grpc.health.v1.Health/Watch';
const CHECK = '/grpc.health.v1.Health/Check';
const LIST = '/lb.v1.PoolService/ListPools';
const TOKEN = { authorization: 'Bearer secret' };
const UNAUTHENTICATED = '16';
const RESOURCE_EXHAUSTED = '8';

async function serve(t: TestContext, limits = { connections: 30, strangers: 16, calls: 60 }) {
  // Never answers, so that a call lasts.
  let calls = 0;
  const handlers = { ListPools: () => (calls += 1) };
  const server = new GrpcServer([{ definition: loadDefinitions().services.pools, handlers }], {
    refuse: (path, authorization) =>
      refuseCall({ accepts: (token) => token === 'secret' }, path, authorization),
    isOpen: (path) => path.startsWith(HEALTH_METHODS),
    onCall: () => undefined,
    clock: systemClock,
    logger: silentLogger,
    limits,
  });
  server.setServing(true);
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.stop());
  const session = () => connected(rawSession(t, address));
  const received = (count: number) =>
    eventually(async () => calls === count || undefined, 'a call is received');
  return {
    server,
    address,
    session,
    /** A probe, over a connection of its own. */
    ask: async () => {
      const { stream, ended } = openCall(await session(), CHECK);
      stream.end(textRequest(''));
      assert.equal((await ended).status, '0');
    },
    received,
    kept: (check: (kept: GrpcServer['kept']) => boolean) =>
      eventually(async () => check(server.kept) || undefined, 'the server keeps as little'),
  };
}

describe('a stranger', () => {
  it('makes the server keep nothing by watching services with long names and leaving', async (t) => {
    const { session, kept, server } = await serve(t);
    let answered = 0;
    let stranger = await session();
    for (let call = 0; call < 1_000; call++) {
      // Node's HTTP/2 by itself closes connections that reset many streams.
      if (stranger.closed) stranger = await session();
      const { stream, ended } = openCall(stranger, WATCH);
      stream.end(textRequest(`${call} ${'x'.repeat(3_000)}`));
      stream.once('data', () => (answered += 1));
      if (call % 2 === 0) await Promise.race([new Promise((resolve) => stream.once('data', resolve)), ended]);
      stream.close(constants.NGHTTP2_CANCEL);
      await ended;
    }
    assert.ok(answered > 250, `${answered} calls were answered`);
    await kept(({ watches }) => watches === 0);
    assert.ok(server.kept.connections < 16);
  });

  it('whose host ends the connection without a word, as that of a killed process does, is gone at once', async (t) => {
    const { address, kept } = await serve(t);
    const [host, port] = [address.slice(0, address.lastIndexOf(':')), Number(address.split(':').at(-1))];
    const silent = connect({ host, port });
    t.after(() => silent.destroy());
    silent.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await once(silent, 'data');
    await kept(({ connections }) => connections === 1);
    silent.end();
    await kept(({ connections }) => connections === 0);
  });

  it('is refused a message that is larger than the name of a service', async (t) => {
    const { session } = await serve(t);
    const stranger = await session();
    const { stream, ended } = openCall(stranger, CHECK);
    stream.end(framed(Buffer.alloc(100), 16_000_000));
    assert.equal((await ended).status, RESOURCE_EXHAUSTED);
  });

  it('is refused before its message is read, and its streams end though it goes on sending', async (t) => {
    const { session } = await serve(t);
    const stranger = await session();
    for (let call = 0; call < 20; call++) {
      const { stream, ended } = openCall(stranger, LIST);
      stream.write(framed(Buffer.alloc(1_000), 16_000_000));
      assert.equal((await ended).status, UNAUTHENTICATED);
    }
  });

  it('gets the streams of calls that do not exist closed as well', async (t) => {
    const { session } = await serve(t);
    const stranger = await session();
    for (const headers of [
      { ':path': '/nothing/here' },
      { 'content-type': 'text/plain' },
      { ':method': 'GET' },
    ]) {
      for (let call = 0; call < 20; call++) await openCall(stranger, LIST, headers).ended;
    }
  });

  it('can hold two calls: its client keeps a third back, and one that comes nevertheless is refused', async (t) => {
    const { session, kept, address } = await serve(t);
    const stranger = await session();
    const watches = Array.from({ length: 3 }, () => openCall(stranger, WATCH).stream.end(textRequest('')));
    await kept((all) => all.watches === 2);
    watches[0]?.close(constants.NGHTTP2_CANCEL);
    await kept(() => watches[2]?.pending === false);
    await kept((all) => all.watches === 2);
    // It sends before it knows what it may.
    const hasty = rawSession(t, address);
    const ends = Array.from({ length: 3 }, () => openCall(hasty, WATCH).ended);
    assert.equal((await Promise.race(ends)).rstCode, constants.NGHTTP2_REFUSED_STREAM);
  });

  it('may use the port of a connection that it has just reset', async (t) => {
    const { address, kept } = await serve(t);
    const [host, port] = [address.slice(0, address.lastIndexOf(':')), Number(address.split(':').at(-1))];
    const first = connect({ host, port });
    await once(first, 'connect');
    await kept(({ connections }) => connections === 1);
    const { localPort } = first;
    const closed = once(first, 'close');
    first.resetAndDestroy();
    await closed;
    const again = dial(`http://${address}`, { createConnection: () => connect({ host, port, localPort }) });
    t.after(() => again.destroy());
    const call = openCall(again, LIST, TOKEN).stream;
    call.end(framed(Buffer.alloc(0)));
    await kept(() => again.remoteSettings.maxConcurrentStreams === 128);
  });
});

describe('strangers', () => {
  it('that connect and stay have their oldest connections closed, and a caller with a token is served', async (t) => {
    const { session, kept, received, ask } = await serve(t);
    const friend = await session();
    openCall(friend, LIST, TOKEN).stream.end(framed(Buffer.alloc(0)));
    await received(1);
    const strangers: Awaited<ReturnType<typeof session>>[] = [];
    for (let i = 0; i < 60; i++) strangers.push(await session());
    await kept(({ connections }) => connections === 17);
    assert.equal(friend.closed, false);
    await kept(() => strangers.every(({ closed }, index) => closed === index < 44));
    await ask();
  });

  it('make room for callers with a token, and these for nobody', async (t) => {
    const { session, kept, received, address } = await serve(t, {
      connections: 6,
      strangers: 4,
      calls: 60,
    });
    for (let friend = 1; friend <= 6; friend++) {
      for (let i = 0; i < 4; i++) await session();
      openCall(await session(), LIST, TOKEN).stream.end(framed(Buffer.alloc(0)));
      await received(friend);
      await kept(({ connections }) => connections <= 6);
    }
    const refused = rawSession(t, address);
    await new Promise((resolve) => refused.once('close', resolve));
    await kept(({ connections }) => connections === 6);
  });
});

it('callers with a token have a bound on calls, per connection and in all, and keep out no probe', async (t) => {
  const { session, received, kept, ask } = await serve(t, { connections: 6, strangers: 4, calls: 60 });
  const friends = [await session(), await session()];
  const open = (friend = friends[0]) => {
    const { stream, ended } = openCall(friend as ClientHttp2Session, LIST, TOKEN);
    stream.end(framed(Buffer.alloc(0)));
    return ended;
  };
  const ends = friends.flatMap((friend) => Array.from({ length: 40 }, () => open(friend)));
  await received(60);
  assert.equal((await Promise.race(ends)).status, RESOURCE_EXHAUSTED);
  for (const friend of friends) await kept(() => friend.remoteSettings.maxConcurrentStreams === 128);
  await ask();
});

it('who asks for reflection and does not read has its questions left unread', async (t) => {
  const { session, ask } = await serve(t);
  const friend = await session();
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
  const { stream } = openCall(friend, path, TOKEN);
  stream.pause();
  // {file_containing_symbol: "lb.v1.PoolService"}, whose answer is about a thousand times as long.
  const question = framed(Buffer.concat([Buffer.from([0x22, 17]), Buffer.from('lb.v1.PoolService')]));
  let isRead = false;
  stream.write(Buffer.concat(Array.from({ length: 20_000 }, () => question)), () => (isRead = true));
  for (let call = 0; call < 20; call++) await ask();
  assert.equal(isRead, false);
});

it('metadata of more than 64 KB end their stream, and nothing else', async (t) => {
  const { session, ask } = await serve(t);
  const stranger = await session();
  const headers = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`x-${index}`, 'y'.repeat(10_000)]),
  );
  const { status } = await openCall(stranger, CHECK, headers).ended;
  assert.notEqual(status, '0');
  await ask();
});
