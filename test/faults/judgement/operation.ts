/** What the writers and readers of a fault run ask for, and what they were answered: the history that is judged. */
import type { Strategy } from '../../../core/model/resources.ts';
import type { Timed } from './linearizable.ts';

export interface PlainBackend {
  readonly weight: number;
  readonly state: 'active' | 'draining' | 'disabled';
}

/** A pool as a reader sees it. */
export interface PlainPool {
  readonly revision: number;
  /** By address. */
  readonly backends: Readonly<Record<string, PlainBackend>>;
}

/** The configuration as a reader of all of it sees it. */
export interface PlainConfiguration {
  readonly revision: number;
  readonly pools: Readonly<Record<string, PlainPool['backends']>>;
  readonly strategies: Readonly<Record<string, Strategy>>;
}

export type Write =
  | { readonly do: 'add'; readonly pool: string; readonly address: string; readonly weight: number }
  | { readonly do: 'remove'; readonly pool: string; readonly address: string }
  | { readonly do: 'weigh'; readonly pool: string; readonly address: string; readonly weight: number }
  | {
      readonly do: 'set state';
      readonly pool: string;
      readonly address: string;
      readonly state: PlainBackend['state'];
    }
  | { readonly do: 'set strategy'; readonly policy: string; readonly strategy: Strategy }
  | {
      /** Replaces the backends of a pool, if the configuration is still at `expected`. */
      readonly do: 'replace';
      readonly pool: string;
      readonly expected: number;
      readonly weights: Readonly<Record<string, number>>;
    };

export type Read = { readonly do: 'read pool'; readonly pool: string } | { readonly do: 'read all' };

export type WriteEnd =
  | { readonly is: 'committed'; readonly revision: number; readonly repeated: boolean }
  | { readonly is: 'unchanged'; readonly revision: number }
  /** Because of what the configuration was. */
  | { readonly is: 'refused'; readonly code: string; readonly message: string }
  /** A control plane said that nothing was written. */
  | { readonly is: 'not written'; readonly message: string }
  | { readonly is: 'unknown'; readonly message: string };

export type ReadEnd =
  | { readonly is: 'pool'; readonly pool: PlainPool; readonly stale: boolean }
  | { readonly is: 'all'; readonly all: PlainConfiguration; readonly stale: boolean }
  | { readonly is: 'no answer'; readonly message: string };

interface Asked extends Timed {
  /** The control plane that was asked. */
  readonly replica: string;
  /** Who asked. */
  readonly by: string;
}

/** One call that writes. Calls with the same request id are the same change. */
export interface WriteCall extends Asked {
  readonly requestId: string;
  readonly write: Write;
  readonly end: WriteEnd;
}

export interface ReadCall extends Asked {
  readonly read: Read;
  readonly end: ReadEnd;
}

export type Call = WriteCall | ReadCall;

/** One line. Times are seconds since `zeroMs`. */
export function describeCall(call: Call, zeroMs: number): string {
  const from = ((call.invokedMs - zeroMs) / 1_000).toFixed(3);
  const to =
    call.returnedMs === Number.POSITIVE_INFINITY ? '' : ((call.returnedMs - zeroMs) / 1_000).toFixed(3);
  const asked = 'write' in call ? call.write : call.read;
  const id = 'write' in call ? ` (request ${call.requestId})` : '';
  return `${from}..${to} ${call.by} at ${call.replica}: ${wordsOf(asked)}${id} -> ${wordsOf(call.end)}`;
}

/** The fields of a value, without punctuation that tells nothing. */
function wordsOf(value: Write | Read | WriteEnd | ReadEnd): string {
  return Object.values(value)
    .map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part)))
    .join(' ');
}
