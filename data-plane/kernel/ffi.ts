/**
 * Calls the C library: the only file that imports koffi.
 *
 * Invariants
 *  - prototypes are fixed and calls are synchronous;
 *  - an address is valid for as long as the caller keeps its memory referenced: a wrong address crashes the process.
 */
import { createRequire } from 'node:module';
import { messageOf } from '../../core/runtime/errors.ts';

export interface Ffi {
  /** The native function of a C prototype; `Call` is its type here. Throws when the library has no such function. */
  declare<Call extends (...args: never[]) => number>(prototype: string): Call;
  /** The address of a C function that calls ours, in this thread alone. It stays for the life of the thread. */
  callback(prototype: string, call: (...args: number[]) => number): number;
  /** The errno of the last call, positive. */
  readonly errno: () => number;
  /** The address of memory, as a number: user addresses are below 2^48. */
  address(memory: NodeJS.ArrayBufferView): number;
}

export type LoadedFfi =
  | { readonly ffi: Ffi; readonly reason: null }
  | { readonly ffi: null; readonly reason: string };

interface Koffi {
  load(path: null): { func(prototype: string): unknown };
  proto(prototype: string): unknown;
  pointer(type: unknown): unknown;
  register(call: (...args: number[]) => number, type: unknown): bigint;
  readonly errno: () => number;
  address(memory: NodeJS.ArrayBufferView): bigint;
}

let loaded: LoadedFfi | null = null;

/** Loads koffi once in each thread, or says why it can't be used here. */
export function loadFfi(): LoadedFfi {
  loaded ??= load();
  return loaded;
}

function load(): LoadedFfi {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    const library = koffi.load(null);
    const ffi: Ffi = {
      declare: <Call>(prototype: string) => library.func(prototype) as Call,
      callback: (prototype, call) => Number(koffi.register(call, koffi.pointer(koffi.proto(prototype)))),
      errno: koffi.errno,
      address: (memory) => Number(koffi.address(memory)),
    };
    return { ffi, reason: null };
  } catch (error) {
    return { ffi: null, reason: `koffi does not load: ${messageOf(error)}` };
  }
}
