/** What tests do with raw sockets again and again. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import type { EngineName, Script } from './engine-host.ts';
import { EngineRig } from './engine-rig.ts';
import { RawListener, RawSocket } from './raw-socket.ts';
import { until } from './tcp.ts';

const { EAGAIN } = constants.errno;
/** Bytes that are no pattern of the buffers they go through: their period is a prime. */
const PERIOD = 65_521;

export interface RawPair {
  readonly client: RawSocket;
  readonly backend: RawSocket;
}

/** An engine's client and the socket of its backend, `count` times, one after the other. */
export async function rawPairs(
  rig: EngineRig,
  backend: RawListener,
  count: number,
  bufferBytes = 0,
): Promise<RawPair[]> {
  const pairs: RawPair[] = [];
  while (pairs.length < count) {
    const client = RawSocket.connect(rig.port, bufferBytes);
    rig.onStop(() => client.close());
    pairs.push({ client, backend: await accepted(rig, backend) });
  }
  await rig.waitFor('established', count);
  return pairs;
}

/** The next connection that comes to a backend. */
export async function accepted(rig: EngineRig, listener: RawListener): Promise<RawSocket> {
  const sockets: RawSocket[] = [];
  await until('a connection to the backend', () => {
    const socket = listener.accept();
    if (socket) sockets.push(socket);
    return socket !== null;
  });
  const [socket] = sockets;
  assert.ok(socket);
  rig.onStop(() => socket.close());
  return socket;
}

/** Runs `test` with an engine in front of one raw backend. */
export async function withRawBackend(
  engine: EngineName,
  script: Partial<Omit<Script, 'engine' | 'rows'>>,
  test: (rig: EngineRig, backend: RawListener) => Promise<void>,
): Promise<void> {
  const backend = new RawListener(script.bufferBytes ?? 0);
  const rows = [{ host: '127.0.0.1', port: backend.port }];
  await EngineRig.run(engine, { rows, ...script }, [() => backend.close()], (rig) => test(rig, backend));
}

/** As `withRawBackend`, with one pair; the kernel's buffers are small unless `bufferBytes` is 0. */
export async function withRawPair(
  engine: EngineName,
  bufferBytes: number,
  test: (rig: EngineRig, pair: RawPair) => Promise<void>,
): Promise<void> {
  await withRawBackend(engine, { bufferBytes }, async (rig, backend) => {
    const [pair] = await rawPairs(rig, backend, 1, bufferBytes);
    assert.ok(pair);
    await test(rig, pair);
  });
}

/** `bytes` bytes that differ by `seed`. */
export function stretch(seed: number, bytes: number): Buffer {
  const all = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) all[at] = ((at % PERIOD) * 31 + seed + (at >> 8)) & 0xff;
  return all;
}

/** Sends what the kernel takes now. Returns how much that was. */
export function sendSome(socket: RawSocket, bytes: Uint8Array): number {
  let sent = 0;
  while (sent < bytes.length) {
    const taken = socket.send(bytes.subarray(sent));
    if (taken === -EAGAIN) break;
    assert.ok(taken > 0, `send gave ${taken}`);
    sent += taken;
  }
  return sent;
}

/** Resolves when everything sent is in the peer's kernel. */
export async function arrived(socket: RawSocket): Promise<void> {
  await until('what was sent to arrive', () => socket.unacknowledged === 0);
}

/** How the input of a socket ended: 0 in order, else the errno negated; and what came before. */
export async function readToEnd(socket: RawSocket): Promise<{ bytes: Buffer; how: number }> {
  const chunks: Buffer[] = [];
  for (;;) {
    const got = await readSome(socket, 65_536);
    if (typeof got === 'number') return { bytes: Buffer.concat(chunks), how: got };
    chunks.push(got);
  }
}

/** The next `count` bytes. */
export async function readBytes(socket: RawSocket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let left = count; left > 0; ) {
    const got = await readSome(socket, Math.min(left, 65_536));
    assert.ok(typeof got !== 'number', `the input ended (${String(got)}) ${left} bytes early`);
    chunks.push(got);
    left -= got.length;
  }
  return Buffer.concat(chunks);
}

/** Bytes, or how the input ended. Waits until there is one of them. */
async function readSome(socket: RawSocket, most: number): Promise<Buffer | number> {
  const buffer = Buffer.alloc(most);
  let got = socket.receive(buffer);
  if (got === -EAGAIN) await until('more to read', () => (got = socket.receive(buffer)) !== -EAGAIN, 30_000);
  return got > 0 ? buffer.subarray(0, got) : got;
}
