/** A client of PostgreSQL asks for TLS, so its backend is asked, too: whatever it answers, and whenever. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { buildHello, inRecords } from '../../../../../../harness/client-hello.ts';
import { CONNECT_MS, LoopRig } from '../../../../../../harness/engine/loop-rig.ts';
import { READ_FIRST } from '../../../../../../data-plane/engine/engine.ts';
import { SSL_REQUEST } from '../../../../../../data-plane/first-bytes/ssl-request.ts';
import { EISCONN, EPOLL } from '../../../../../../data-plane/kernel/linux.ts';

const HELLO = inRecords(buildHello('a.example.com', []).message);
const ASKED = new TextDecoder().decode(SSL_REQUEST);
const firstBytes = { proxyHeader: false, hello: true, timeoutMs: 3_000 };

/** A client has asked, was answered, and has sent its hello; its backend is being connected to. */
function asked(): LoopRig {
  const rig = new LoopRig([READ_FIRST, 0, 0], { firstBytes });
  assert.deepEqual(rig.turn(rig.clients(0)), ['accepted 0']);
  assert.deepEqual(rig.turn(rig.says(rig.client(0), SSL_REQUEST)), []);
  assert.equal(rig.heard(rig.client(0)), 'S');
  assert.deepEqual(rig.turn(rig.says(rig.client(0), HELLO)), ['read-first 0']);
  return rig;
}

function connected(): LoopRig {
  const rig = asked();
  assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), []);
  assert.equal(rig.heard(rig.backend(0)), ASKED);
  return rig;
}

/** The next backend is asked as the first one was. */
function assertAskedAgain(rig: LoopRig): void {
  assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), []);
  assert.equal(rig.heard(rig.backend(0)), ASKED);
  rig.turn(rig.says(rig.backend(0), 'S'));
  assert.deepEqual(
    Buffer.from(rig.heard(rig.backend(0)), 'latin1').subarray(0, 8),
    Buffer.from(ASKED, 'latin1'),
  );
}

describe('a backend of PostgreSQL', () => {
  it('that is willing gets the hello as it came, and nothing of its answer goes to the client', () => {
    const rig = connected();
    rig.kernel.inbox.set(rig.backend(0), [Uint8Array.from(Buffer.from('S')), Uint8Array.from([1, 2])]);
    const told = rig.turn(rig.kernel.event(rig.backend(0), EPOLL.in));
    assert.equal(told[0], 'established 0');
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    const got = Uint8Array.from(rig.kernel.sent.get(rig.backend(0)) ?? []);
    assert.deepEqual(got, Uint8Array.from([...SSL_REQUEST, ...HELLO]));
    assert.equal(rig.heard(rig.client(0)), 'S\x01\x02');
  });

  for (const [what, answer, errno] of [
    ['is not willing', 'N', 'EPROTO'],
    ['answers with an error', 'E', 'EPROTO'],
  ] as const)
    it(`that ${what} is a failed connect, and the next one is asked, too`, () => {
      const rig = connected();
      assert.deepEqual(rig.turn(rig.says(rig.backend(0), answer)), [`failed 0 ${errno}`]);
      assertAskedAgain(rig);
    });

  it('that ends instead of an answer is a failed connect', () => {
    const rig = connected();
    rig.kernel.inbox.set(rig.backend(0), [0]);
    const event = rig.kernel.event(rig.backend(0), EPOLL.in | EPOLL.readHangUp);
    assert.deepEqual(rig.turn(event), ['failed 0 EPROTO']);
    assertAskedAgain(rig);
  });

  it('that is gone when it is asked failed for what the kernel says', () => {
    const rig = asked();
    rig.kernel.answers.send = [-constants.errno.EPIPE];
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['failed 0 EPIPE']);
    assertAskedAgain(rig);
  });

  it('that a plan takes away while it is asked is left for the next one', () => {
    const rig = connected();
    rig.engine.reconsider(0);
    assert.deepEqual(rig.turn(), ['failed 0 ECANCELED']);
    assertAskedAgain(rig);
  });

  it('that does not answer in the time of a connect has failed', () => {
    const rig = connected();
    rig.clock.advance(CONNECT_MS + 20);
    assert.deepEqual(rig.turn(), ['failed 0 ETIMEDOUT']);
    assertAskedAgain(rig);
  });

  it('that was seen to be connected at its deadline only has its time to answer, and no more', () => {
    const rig = asked();
    rig.clock.advance(CONNECT_MS + 20);
    rig.kernel.answers.connect = [-EISCONN];
    assert.deepEqual(rig.turn(), []);
    assert.equal(rig.heard(rig.backend(0)), ASKED);
    rig.clock.advance(CONNECT_MS + 20);
    assert.deepEqual(rig.turn(), ['failed 0 ETIMEDOUT']);
  });

  it('whose answer is there at the deadline, unseen after a pause, is established', () => {
    const rig = connected();
    rig.says(rig.backend(0), 'S');
    rig.clock.advance(CONNECT_MS + 20);
    assert.equal(rig.turn()[0], 'established 0');
  });

  it('is asked for no client that is gone meanwhile', () => {
    const rig = connected();
    rig.kernel.answers.pendingError = [constants.errno.ECONNRESET];
    const backend = rig.backend(0);
    const told = rig.turn(rig.kernel.event(rig.client(0), EPOLL.error | EPOLL.hangUp));
    assert.deepEqual(told, ['closed 0 client_reset']);
    assert.equal(rig.kernel.open.has(backend), false);
    // The slot has forgotten what its last client asked for.
    assert.deepEqual(rig.turn(rig.clients(0)), ['accepted 0']);
    assert.deepEqual(rig.turn(rig.says(rig.client(0), HELLO)), ['read-first 0']);
    assert.equal(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out))[0], 'established 0');
  });
});
