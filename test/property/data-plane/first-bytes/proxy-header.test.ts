/** What is written is read back, whole or split at any byte, with anything after it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  LONGEST_HEADER,
  type ProxyHeader,
  readProxyHeader,
} from '../../../../data-plane/first-bytes/proxy-header.ts';
import {
  LONGEST_WRITTEN,
  writeProxyHeader,
  writeProxyLine,
} from '../../../../data-plane/first-bytes/write-proxy-header.ts';
import { PeerAddress } from '../../../../data-plane/engine/peer-address.ts';

const address = fc
  .tuple(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')), fc.nat(65_535))
  .map(([ip, port]) => {
    const made = new PeerAddress();
    made.setText(ip, port);
    return made;
  });
const name = fc.stringMatching(/^[a-z0-9.-]{0,253}$/);
const written = fc
  .record({ source: address, destination: address, name, id: name, version: fc.constantFrom(1, 2) })
  .map(({ source, destination, name, id, version }) => {
    const into = new Uint8Array(LONGEST_WRITTEN);
    const length =
      version === 1
        ? writeProxyLine(source, destination, into)
        : writeProxyHeader(source, destination, name, id, into);
    return { source, destination, bytes: into.slice(0, length) };
  });

function emptyHeader(): ProxyHeader {
  return { length: 0, isLocal: false, source: new PeerAddress(), destination: new PeerAddress() };
}

describe('headers of the PROXY protocol', () => {
  it('are read as they were written, whatever follows', () => {
    fc.assert(
      fc.property(written, fc.uint8Array({ maxLength: 50 }), ({ source, destination, bytes }, payload) => {
        const into = emptyHeader();
        assert.equal(readProxyHeader(Buffer.concat([bytes, payload]), into), 'header');
        assert.equal(into.length, bytes.length);
        assert.equal(into.isLocal, source.family === 0 || destination.family === 0);
        if (into.isLocal) return;
        assert.deepEqual([into.source, into.destination], [source, destination]);
      }),
    );
  });

  it('are incomplete in every smaller piece', () => {
    fc.assert(
      fc.property(written, ({ bytes }) => {
        for (let length = 0; length < bytes.length; length += 1) {
          assert.equal(readProxyHeader(bytes.subarray(0, length), emptyHeader()), 'incomplete');
        }
      }),
    );
  });

  it('never reach beyond what has come, and waiting for more ends', () => {
    const changes = fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(written, changes, ({ bytes }, changed) => {
        for (const [at, byte] of changed) if (at < bytes.length) bytes[at] = byte;
        const into = emptyHeader();
        const verdict = readProxyHeader(bytes, into);
        if (verdict === 'header') assert.ok(into.length > 0 && into.length <= bytes.length);
        if (verdict !== 'incomplete') return;
        const longest = new Uint8Array(LONGEST_HEADER);
        longest.set(bytes);
        assert.notEqual(readProxyHeader(longest, into), 'incomplete');
      }),
    );
  });
});
