/** The TCP sockets that this process has open, whichever thread opened them, and what is set on each. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { loadFfi } from '../../data-plane/kernel/ffi.ts';
import { OPTION } from '../../data-plane/kernel/linux.ts';

type Call = (fd: number, ...rest: readonly (number | Uint8Array)[]) => number;
type Calls = Readonly<Record<'getsockopt' | 'getsockname' | 'getpeername', Call>>;

let declared: Calls | null = null;

function calls(): Calls {
  const { ffi, reason } = loadFfi();
  assert.ok(ffi, `these tests need koffi: ${reason}`);
  declared ??= {
    getsockopt: ffi.declare<Call>('int getsockopt(int, int, int, void *, void *)'),
    getsockname: ffi.declare<Call>('int getsockname(int, void *, void *)'),
    getpeername: ffi.declare<Call>('int getpeername(int, void *, void *)'),
  };
  return declared;
}

export interface OpenSocket {
  readonly fd: number;
  readonly localPort: number;
  /** 0: it is not connected. */
  readonly peerPort: number;
}

export function openSockets(): readonly OpenSocket[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter(isSocket)
    .map((fd) => ({ fd, localPort: portOf('getsockname', fd), peerPort: portOf('getpeername', fd) }));
}

/** What getsockopt says of an option of whole numbers. */
export function optionOf(fd: number, option: Exclude<keyof typeof OPTION, 'linger'>): number {
  const [level, name] = OPTION[option];
  const value = new Int32Array(1);
  const result = calls().getsockopt(fd, level, name, bytesOf(value), bytesOf(Int32Array.of(4)));
  assert.equal(result, 0, option);
  return value[0] ?? assert.fail();
}

/** How many clients may wait at a socket that listens: TCP_INFO says so in tcpi_sacked. */
export function backlogOf(fd: number): number {
  const info = Buffer.alloc(104);
  assert.equal(calls().getsockopt(fd, 6, 11, info, bytesOf(Int32Array.of(info.length))), 0);
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

/** 0 when there is none. */
function portOf(which: 'getsockname' | 'getpeername', fd: number): number {
  const address = Buffer.alloc(28);
  const result = calls()[which](fd, address, bytesOf(Int32Array.of(address.length)));
  return result < 0 || address.readUInt16LE(0) === 1 ? 0 : address.readUInt16BE(2);
}

function bytesOf(value: Int32Array): Uint8Array {
  return new Uint8Array(value.buffer);
}
