/** The TCP sockets that this process has open, whichever thread opened them, and what is set on each. */
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { OPTION } from '../../data-plane/kernel/linux.ts';
import { testCalls } from './test-calls.ts';

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
    .map((fd) => ({
      fd,
      localPort: Math.max(0, testCalls().localPort(fd)),
      peerPort: testCalls().remotePort(fd),
    }));
}

/** What getsockopt says of an option of whole numbers. */
export function optionOf(fd: number, option: Exclude<keyof typeof OPTION, 'linger'>): number {
  const value = new Int32Array(1);
  testCalls().readOption(fd, OPTION[option], new Uint8Array(value.buffer));
  return value[0] ?? assert.fail();
}

/** How many clients may wait at a socket that listens: TCP_INFO says so in tcpi_sacked. */
export function backlogOf(fd: number): number {
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
