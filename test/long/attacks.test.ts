/**
 * Attacks without a token on real programs that have little memory and few descriptors. Each ends with the same question: do
 * probes and callers with a token still get their answers?
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { constants, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { seededRandom } from '../../core/runtime/random.ts';
import { connected, openCall, rawSession, textRequest } from '../../harness/control-plane/raw-calls.ts';
import { lbctlFor, succeed } from '../../harness/programs/fleet.ts';
import { laterScope, startBuilt, temporaryFolder } from '../../harness/programs/processes.ts';
import { byRunLength } from '../../harness/run-length.ts';

const WATCHES = byRunLength(500, 100_000);
const ATTACKERS = 16;
const WATCH = '/grpc.health.v1.Health/Watch';

const scope = laterScope();
let grpc: string;
let addresses: string[];
let tokenFile: string;

before(async () => {
  tokenFile = join(temporaryFolder(scope), 'token');
  writeFileSync(tokenFile, 'secret\n', { mode: 0o600 });
  const limits = { descriptors: 600, env: { NODE_OPTIONS: '--max-old-space-size=128' } };
  const state = temporaryFolder(scope);
  const store = `lmdb:${join(state, 'store')}`;
  const any = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];
  const plane = startBuilt(
    scope,
    'control-plane/main.js',
    [...any, '--store', store, '--token-file', tokenFile],
    limits,
  );
  grpc = await plane.line((line) => /"grpc_address":"([^"]+)"/.exec(line)?.[1], 'the gRPC address');
  const http = await plane.line((line) => /"http_address":"([^"]+)"/.exec(line)?.[1], 'the HTTP address');
  const proxy = startBuilt(
    scope,
    'data-plane/main.js',
    [
      '--proxy-id',
      'p',
      '--control-plane',
      grpc,
      '--admin-address',
      '127.0.0.1:0',
      '--state-dir',
      state,
      '--token-file',
      tokenFile,
    ],
    { env: limits.env },
  );
  const admin = await proxy.line((line) => /"admin_address":"([^"]+)"/.exec(line)?.[1], 'the admin address');
  addresses = [http, admin];
  await serves();
});

after(() => scope.end());

/** A new connection, as of a probe, to both programs, and a call with a token. */
async function serves(): Promise<void> {
  for (const address of addresses) {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      get(`http://${address}/healthz`, { agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      }).once('error', reject);
    });
    assert.equal(status, 200);
  }
  await succeed(lbctlFor(grpc), ['--token-file', tokenFile, '--timeout', '30s', 'get', 'proxies']);
}

/** A connection that may be closed at any moment. */
function attacker(address: string): Socket {
  const [host, port] = address.split(':');
  const socket = connect(Number(port), host).on('error', () => undefined);
  scope.after(() => void socket.destroy());
  return socket.resume();
}

const session = () => connected(rawSession(scope, grpc));

describe('a control plane and a proxy go on serving', () => {
  it(`through ${WATCHES} watches of services with long names, in a heap of 128 MB`, async () => {
    let left = WATCHES;
    const attack = async () => {
      let stranger: ClientHttp2Session = await session();
      while (left > 0) {
        left -= 1;
        if (stranger.closed || stranger.destroyed) stranger = await session();
        const { stream, ended } = openCall(stranger, WATCH);
        stream.end(textRequest(`${left} ${'x'.repeat(4_000)}`));
        const answered = new Promise((resolve) => stream.once('data', resolve));
        await Promise.race([answered, ended]);
        stream.close(constants.NGHTTP2_CANCEL);
        await ended;
        if (left % 100_000 === 0) await serves();
      }
      stranger.destroy();
    };
    await Promise.all(Array.from({ length: ATTACKERS }, attack));
    await serves();
  });

  it('with idle connections in all places that there are', async () => {
    for (let round = 0; round < byRunLength(1, 10); round++) {
      const idle = await Promise.all(Array.from({ length: 400 }, async () => rawSession(scope, grpc)));
      for (const address of [...addresses, grpc]) for (let i = 0; i < 300; i++) attacker(address);
      await serves();
      for (const one of idle) one.destroy();
    }
  });

  it('while headers come byte by byte, and bodies and frames never end', async () => {
    const pieces = [
      'GET /hea',
      'POST /api/change HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
      'G',
    ];
    for (const address of addresses) {
      for (let i = 0; i < 300; i++) attacker(address).write(pieces[i % pieces.length] ?? '');
    }
    // The preface of HTTP/2, and the beginning of a frame of headers.
    for (let i = 0; i < 300; i++) {
      attacker(grpc).write(
        `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\x01\0\x01\0\0\0\x01${'x'.repeat(i)}`,
        'latin1',
      );
    }
    await serves();
  });

  it('through pipelined requests for metrics and pages', async () => {
    const requests = ['/metrics', '/', '/nothing'].map(
      (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    for (let round = 0; round < byRunLength(3, 100); round++) {
      const text = (requests[round % requests.length] ?? '').repeat(2_000);
      for (const address of addresses) for (let i = 0; i < 8; i++) attacker(address).end(text);
      await serves();
    }
  });

  it('through bytes that mean nothing', async (t) => {
    const seed = Date.now();
    t.diagnostic(`seed ${seed}`);
    const random = seededRandom(seed);
    const noise = () => Buffer.from(Array.from({ length: 200 }, () => Math.floor(random.next() * 256)));
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
    for (let round = 0; round < byRunLength(10, 500); round++) {
      for (const address of [...addresses, grpc]) {
        for (let i = 0; i < 10; i++)
          attacker(address).end(Buffer.concat([i % 2 === 0 ? preface : Buffer.of(), noise()]));
      }
      if (round % 10 === 0) await serves();
    }
    await serves();
  });
});
