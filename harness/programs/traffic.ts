/** A steady trickle from the clients that people know, until the test has done what it wanted meanwhile. */
import { join } from 'node:path';
import { findProgram, type RealProgram } from './real-servers.ts';
import { CHECKOUT, run, type Finished } from './processes.ts';

export interface Traffic {
  /** Lets the run under way finish, then answers every run's errors, one line each, in the client's words. */
  finish(): Promise<readonly string[]>;
}

/** Where to send the load. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

type ErrorsOf = (finished: Finished) => readonly string[];

function repeat(program: RealProgram, args: readonly string[], errorsOf: ErrorsOf): Traffic {
  const file = findProgram(program) ?? program;
  const errors: string[] = [];
  const state = { finishing: false };
  const loop = (async () => {
    do {
      const finished = await run(file, args);
      if (finished.code !== 0) errors.push(`${program} exited ${finished.code}: ${finished.stderr.trim()}`);
      errors.push(...errorsOf(finished));
    } while (!state.finishing);
  })();
  return {
    async finish() {
      state.finishing = true;
      await loop;
      return errors;
    },
  };
}

/** HTTP requests over kept connections, or with a connection each. */
export function wrk({ host, port }: Target, reconnect: boolean): Traffic {
  const header = reconnect ? ['-H', 'Connection: close'] : [];
  const pace = ['-s', join(CHECKOUT, 'harness/programs/paced.lua')];
  const load = ['-t', '1', '-c', '16', '-d', '2s', '--timeout', '10s'];
  const args = [...load, ...pace, ...header, `http://${host}:${port}/`];
  return repeat('wrk', args, ({ stdout }) => {
    const requests = /(\d+) requests in/.exec(stdout);
    const served = Number(requests?.[1] ?? 0) > 0 ? [] : [`wrk got no answer: ${stdout}`];
    // wrk prints these two lines only when there is something to tell.
    return [...served, ...(stdout.match(/Socket errors:.*|Non-2xx.*/g) ?? [])];
  });
}

/** GET and SET over kept connections, or with a connection each. */
export function redisBenchmark({ host, port }: Target, reconnect: boolean): Traffic {
  const size = reconnect ? ['-n', '400', '-k', '0'] : ['-n', '2000'];
  const args = ['-h', host, '-p', String(port), '-c', '4', '-t', 'set,get', '-q', ...size];
  return repeat('redis-benchmark', args, ({ stdout, stderr }) => {
    const lines = `${stdout}\n${stderr}`.split(/[\r\n]+/);
    const summaries = lines.filter((line) => /^(SET|GET): [\d.]+ requests per second/.test(line));
    const complete = summaries.length === 2 ? [] : [`redis-benchmark did not finish: ${stdout.slice(-100)}`];
    return [...complete, ...lines.filter((line) => /error|closed|refused|reset|could not/i.test(line))];
  });
}

/** Transactions over kept connections, or with a connection each. */
export function pgbench({ host, port }: Target, reconnect: boolean): Traffic {
  const login = ['-h', host, '-p', String(port), '-U', 'bench'];
  const pace = reconnect ? ['-R', '50', '-C', '-S'] : ['-R', '200'];
  const args = [...login, '-n', '-c', '4', '-T', '2', ...pace, 'postgres'];
  return repeat('pgbench', args, ({ stdout, stderr }) => {
    const failed = /number of failed transactions: (\d+)/.exec(stdout);
    const counted = failed?.[1] === '0' ? [] : [`pgbench: ${failed?.[0] ?? 'no summary'}`];
    return [...counted, ...stderr.split('\n').filter((line) => /error|aborted|fatal|closed/i.test(line))];
  });
}
