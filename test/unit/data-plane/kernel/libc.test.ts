import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readlinkSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { errnoName } from '../../../../data-plane/kernel/errno.ts';
import { libcOrFail } from '../../../../harness/engine/libc.ts';

const { EADDRINUSE, EAGAIN, EBADF } = constants.errno;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const libc = libcOrFail();
const opened: number[] = [];

after(() => {
  for (const fd of opened) libc.close(fd);
});

function bound(options: readonly ('reuseAddress' | 'reusePort')[], port: number): number {
  const fd = libc.socket(4);
  opened.push(fd);
  for (const option of options) assert.equal(libc.setOption(fd, option, 1), 0);
  const result = libc.bind(fd, LOOPBACK, port);
  return result < 0 ? result : fd;
}

describe('the C library', () => {
  it('binds several sockets to one address when all of them share it', () => {
    const first = bound(['reusePort'], 0);
    const port = libc.localPort(first);
    assert.equal(libc.listen(first, 16), 0);
    assert.ok(bound(['reusePort'], port) >= 0);
    assert.equal(bound(['reuseAddress'], port), -EADDRINUSE, 'a probe without SO_REUSEPORT finds them');
  });

  it('binds IPv6', () => {
    const fd = libc.socket(6);
    opened.push(fd);
    assert.equal(libc.setOption(fd, 'ipv6Only', 0), 0);
    const loopback = new Uint8Array(16);
    loopback[15] = 1;
    assert.equal(libc.bind(fd, loopback, 0), 0);
    assert.ok(libc.localPort(fd) > 0);
  });

  it('returns errors as negative numbers', () => {
    assert.equal(libc.listen(-1, 1), -EBADF);
    assert.equal(libc.close(-1), -EBADF);
    assert.equal(libc.duplicate(-1), -EBADF);
    assert.equal(libc.localPort(-1), -EBADF);
    assert.equal(libc.unacknowledged(-1), -EBADF);
    assert.equal(errnoName(EBADF), 'EBADF');
    assert.equal(errnoName(0), 'errno 0', 'an error that has no number');
  });

  it('duplicates a descriptor: the same socket under another number', () => {
    const fd = bound([], 0);
    const copy = libc.duplicate(fd);
    opened.push(copy);
    assert.notEqual(copy, fd);
    assert.equal(readlinkSync(`/proc/self/fd/${copy}`), readlinkSync(`/proc/self/fd/${fd}`));
  });

  it('tells the limit of descriptors', () => {
    assert.ok(libc.descriptorLimit() >= 256);
  });

  it('locks a file for one holder at a time', () => {
    const directory = mkdtempSync(join(tmpdir(), 'lock-'));
    const [one, two] = [0, 1].map(() => openSync(join(directory, 'lock'), 'w')) as [number, number];
    assert.equal(libc.lock(one), 0);
    assert.equal(libc.lock(two), -EAGAIN);
    closeSync(one);
    assert.equal(libc.lock(two), 0);
    closeSync(two);
    rmSync(directory, { recursive: true });
  });
});
