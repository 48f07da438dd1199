/**
 * `--watch`: shows everything once, then what is new or has changed. The watch of the control plane only wakes:
 * what is shown is always read.
 */
import { backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Item, Listing } from '../kinds/listing.ts';
import { yamlText } from './emit.ts';
import { headerOf, referenceOf, rowOf } from './listing.ts';
import { columnWidths, headerLine, rowLine, sameness } from './table.ts';
import type { Session } from '../session/session.ts';

/** Observation has no watch: it is looked at. */
const LOOK_EVERY_MS = 1_000;
const OBSERVED = ['proxy', 'backend', 'health'];

/** Goes on until it is interrupted, or no control plane has answered for --timeout. */
export async function watchListing(
  context: Context,
  session: Session,
  kind: string,
  list: () => Promise<Listing>,
): Promise<ExitCode> {
  const show = watcher(context, kind);
  show(await list());
  const { clock } = context;
  const pause = backoff(200, 2_000, context.random);
  let lastAnswerMs = clock.nowMs();
  for (;;) {
    try {
      for await (const _wake of wakes(context, session, kind)) {
        show(await list());
        lastAnswerMs = clock.nowMs();
        pause.reset();
      }
    } catch (error) {
      if (!mayPass(error)) throw error;
      if (clock.nowMs() - lastAnswerMs > context.timeoutMs) throw error;
      tell(context, `connection lost (${messageOf(error)}); trying again`);
    }
    await sleep(clock, pause.nextMs());
  }
}

async function* wakes(context: Context, session: Session, kind: string): AsyncGenerator<void> {
  if (!OBSERVED.includes(kind)) {
    for await (const _message of session.stream('Watch', {}, undefined)) yield;
    return;
  }
  for (;;) {
    await sleep(context.clock, LOOK_EVERY_MS);
    yield;
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof CliError) return error.exitCode === EXIT.unreachable;
  return error instanceof LbError && (error.code === 'UNAVAILABLE' || error.code === 'OUTCOME_UNKNOWN');
}

/** Remembers what was shown. */
function watcher(context: Context, kind: string): (listing: Listing) => void {
  const shown = new Map<string, string>();
  let widths: readonly number[] | undefined;
  return (listing) => {
    const isTable = context.format === 'table' || context.format === 'wide';
    if (isTable && widths === undefined) {
      const header = headerOf(context, listing);
      widths = columnWidths(
        header,
        listing.items.map((item) => rowOf(context, item)),
      );
      context.stdout.write(`${headerLine(header, widths, context.style)}\n`);
    }
    const here = new Set<string>();
    for (const item of listing.items) {
      const reference = referenceOf(kind, item);
      here.add(reference);
      const fingerprint = isTable
        ? sameness(rowOf(context, item))
        : JSON.stringify(item.plain, withoutLastSeen);
      if (shown.get(reference) === fingerprint) continue;
      shown.set(reference, fingerprint);
      context.stdout.write(lineOf(context, kind, item, widths ?? []));
    }
    for (const reference of shown.keys()) {
      if (here.has(reference)) continue;
      shown.delete(reference);
      context.stdout.write(deletedLine(context, reference));
    }
  };
}

/** It moves by itself as long as a proxy is there. */
function withoutLastSeen(key: string, value: unknown): unknown {
  return key === 'lastSeen' ? undefined : value;
}

function lineOf(context: Context, kind: string, item: Item, widths: readonly number[]): string {
  switch (context.format) {
    case 'json':
      return `${JSON.stringify(item.plain)}\n`;
    case 'yaml':
      return `---\n${yamlText(item.plain)}`;
    case 'name':
      return `${referenceOf(kind, item)}\n`;
    case 'table':
    case 'wide':
      return `${rowLine(rowOf(context, item), widths, context.style)}\n`;
  }
}

function deletedLine(context: Context, reference: string): string {
  const plain = { deleted: reference };
  if (context.format === 'json') return `${JSON.stringify(plain)}\n`;
  if (context.format === 'yaml') return `---\n${yamlText(plain)}`;
  return `${reference} deleted\n`;
}
