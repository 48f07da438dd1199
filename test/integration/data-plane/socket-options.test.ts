/** What is set on the sockets of a proxy, read back from the kernel. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { KEEP_ALIVE } from '../../../data-plane/kernel/socket-settings.ts';
import { OPTION } from '../../../data-plane/kernel/linux.ts';
import { testCalls } from '../../../harness/engine/test-calls.ts';
import { ask } from '../../../harness/engine/tcp.ts';
import { type RigOptions, Scene } from '../../../harness/worker/traffic-rig.ts';

const scene = new Scene();
afterEach(() => scene.clear());

interface OpenSocket {
  readonly fd: number;
  readonly localPort: number;
  /** 0: it is not connected. */
  readonly peerPort: number;
}

/** Those that this process has open, whichever thread opened them. */
function openSockets(): readonly OpenSocket[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter(isSocket)
    .map((fd) => ({
      fd,
      localPort: Math.max(0, testCalls().localPort(fd)),
      peerPort: testCalls().remotePort(fd),
    }));
}

/** What getsockopt says of an option of whole numbers. */
function optionOf(fd: number, option: Exclude<keyof typeof OPTION, 'linger'>): number {
  const value = new Int32Array(1);
  testCalls().readOption(fd, OPTION[option], new Uint8Array(value.buffer));
  return value[0] ?? assert.fail();
}

/** How many clients may wait at a socket that listens: TCP_INFO says so in tcpi_sacked. */
function backlogOf(fd: number): number {
  const info = Buffer.alloc(104);
  testCalls().readOption(fd, [6, 11], info);
  return info.readUInt32LE(28);
}

function isSocket(fd: number): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
  } catch {
    // The descriptor that the folder was read through is closed by now.
    return false;
  }
}

/** The proxy's two sockets of one connection, and its port. */
async function connection(options: RigOptions) {
  const server = await scene.echo('one');
  const { port } = await scene.webRig([server.address], { workers: 1, ...options });
  const client = await scene.client(port);
  assert.equal(await ask(client, 'hi'), 'one:hi');
  const all = openSockets();
  const toClient = all.find(({ localPort, peerPort }) => localPort === port && peerPort === client.localPort);
  const toBackend = all.find(({ peerPort }) => peerPort === server.port);
  assert.ok(toClient && toBackend);
  return { port, toClient: toClient.fd, toBackend: toBackend.fd };
}

function keepAliveOf(fd: number): readonly number[] {
  return [
    optionOf(fd, 'keepAlive'),
    optionOf(fd, 'keepAliveIdleSeconds'),
    optionOf(fd, 'keepAliveIntervalSeconds'),
    optionOf(fd, 'keepAliveProbes'),
  ];
}
const KEPT_ALIVE = [1, KEEP_ALIVE.idleSeconds, KEEP_ALIVE.intervalSeconds, KEEP_ALIVE.probes];

const HOSTS: readonly (RigOptions & { readonly name: string })[] = [
  { name: 'epoll engine', engine: 'epoll' },
  { name: 'portable engine', engine: 'portable' },
  { name: 'portable engine that listens by itself', engine: 'portable', withoutLibc: true },
];

for (const { name, ...host } of HOSTS) {
  describe(`sockets of the ${name}`, () => {
    it('send at once (TCP_NODELAY), on both sides', async () => {
      const { toBackend, toClient } = await connection(host);
      assert.deepEqual([optionOf(toClient, 'noDelay'), optionOf(toBackend, 'noDelay')], [1, 1]);
    });

    it('let 4,096 clients wait, or as many as the system allows', async () => {
      const { port } = await connection(host);
      const most = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
      const listening = openSockets().filter(
        ({ localPort, peerPort }) => localPort === port && peerPort === 0,
      );
      // The portable engine listens on a duplicate of the descriptor it was lent.
      assert.deepEqual([...new Set(listening.map(({ fd }) => backlogOf(fd)))], [Math.min(4_096, most)]);
    });
  });
}

describe('sockets of the epoll engine', () => {
  it('keep an urgent byte in its place (SO_OOBINLINE), on both sides', async () => {
    const { toBackend, toClient } = await connection({ engine: 'epoll' });
    assert.deepEqual([optionOf(toClient, 'outOfBandInline'), optionOf(toBackend, 'outOfBandInline')], [1, 1]);
  });

  it('notice a client that vanished after 60 s and 6 probes 10 s apart', async () => {
    const { toClient } = await connection({ engine: 'epoll' });
    assert.deepEqual(keepAliveOf(toClient), KEPT_ALIVE);
  });

  it('take their port when they connect (IP_BIND_ADDRESS_NO_PORT) to a backend from a source address', async () => {
    const { toBackend } = await connection({ engine: 'epoll', sourceAddresses: ['127.0.0.2'] });
    assert.equal(optionOf(toBackend, 'bindAddressNoPort'), 1);
  });
});
