/** wrk, until it is told to stop. */
import { join } from 'node:path';
import { CHECKOUT, type Scope } from '../../harness/programs/processes.ts';
import { startPinned } from '../pinning.ts';
import { requireTool } from '../tools.ts';

export interface WrkLoad {
  /** HOST:PORT. */
  readonly address: string;
  readonly path: string;
  readonly tls?: boolean;
  readonly connections: number;
  /** A connection for every request. */
  readonly reconnect?: boolean;
  /** Requests a second; as many as go when left out. */
  readonly rate?: number;
}

export interface WrkResult {
  readonly requests: number;
  readonly durationUs: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface RunningWrk {
  stop(): Promise<WrkResult>;
}

/** Longer than any run: who starts it stops it. */
const LONGEST = '120s';
const SCRIPT = join(CHECKOUT, 'bench/load/report.lua');

export function startWrk(scope: Scope, cpu: number, load: WrkLoad): RunningWrk {
  const reconnect = load.reconnect === true ? ['-H', 'Connection: close'] : [];
  const args = ['-t', '1', '-c', String(load.connections), '-d', LONGEST, '--timeout', '10s', ...reconnect];
  const url = `${load.tls === true ? 'https' : 'http'}://${load.address}${load.path}`;
  const running = startPinned(scope, cpu, requireTool('wrk'), [
    ...args,
    '-s',
    SCRIPT,
    url,
    '--',
    String(load.rate ?? 0),
  ]);
  return {
    async stop() {
      running.signal('SIGINT');
      await running.ended;
      const line = running.lines.find((each) => each.startsWith('{'));
      if (line === undefined) throw new Error(`wrk gave no result:\n${running.lines.join('\n')}`);
      return JSON.parse(line) as WrkResult;
    },
  };
}
