/**
 * `--watch`: shows everything once, then what is new or has changed. The control plane's Watch stream only says when to
 * read again; what is shown is always read.
 */
import { sleep } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { type Context, tell } from '../context.ts';
import { EXIT, type ExitCode, unreachable } from '../exit.ts';
import { retry } from '../session/retry.ts';
import type { Session } from '../session/session.ts';
import { emitOneOfMany } from './emit.ts';
import { printLines } from './lines.ts';
import { type Item, type Listing, referenceOf } from './listing.ts';
import { columnWidths, headerLine, rowLine, sameness } from './table.ts';

/** What proxies report has no Watch stream, so it is polled. */
const POLL_MS = 1_000;
const POLLED = ['proxy', 'backend', 'health'];

/** `kind` is in the singular. */
export async function watchListing(
  context: Context,
  session: Session,
  kind: string,
  list: () => Promise<Listing>,
): Promise<ExitCode> {
  const show = changePrinter(context, kind);
  await show(await list());
  return keepWatching(context, async (answered) => {
    for await (const _ of changes(context, session, kind)) {
      await show(await list());
      answered();
    }
  });
}

/** Repeats `watch` until it is interrupted, or until no control plane has answered for --timeout. */
export async function keepWatching(
  context: Context,
  watch: (answered: () => void) => Promise<void>,
): Promise<ExitCode> {
  const { clock, timeoutMs, servers } = context;
  let lastAnswerMs = clock.nowMs();
  await retry(context, {
    attempt: async (progress): Promise<undefined> => {
      await context.stdout.drained();
      await watch(() => {
        lastAnswerMs = clock.nowMs();
        progress();
      });
    },
    onFailure: (error) => {
      if (clock.nowMs() - lastAnswerMs > timeoutMs) throw unreachable(servers, error);
      tell(context, `no answer (${messageOf(error)}); trying again`);
    },
  });
  return EXIT.done;
}

/** One value each time that the listing may have changed. */
async function* changes(context: Context, session: Session, kind: string): AsyncGenerator<void> {
  if (!POLLED.includes(kind)) {
    for await (const _message of session.stream('Watch', {}, undefined)) yield;
    return;
  }
  for (;;) {
    await sleep(context.clock, POLL_MS);
    yield;
  }
}

/** Prints those items of each listing that differ from what was printed last, as fast as they are read. */
function changePrinter(context: Context, kind: string): (listing: Listing) => Promise<void> {
  const isTable = isTableFormat(context);
  const shown = new Map<string, string>();
  let print: ItemPrinter | undefined;
  return async ({ header, items }) => {
    const rows = items.map(({ row }) => row);
    print ??= itemPrinter(context, kind, header, columnWidths(header, rows));
    const references = new Set<string>();
    for (const item of items) {
      const key = `${referenceOf(kind, item)} ${item.instance ?? ''}`;
      references.add(key);
      const fingerprint = isTable ? sameness(item.row) : JSON.stringify(item.plain, withoutLastSeen);
      if (shown.get(key) === fingerprint) continue;
      shown.set(key, fingerprint);
      print(item);
    }
    for (const key of shown.keys()) {
      if (references.has(key)) continue;
      shown.delete(key);
      const reference = key.slice(0, key.lastIndexOf(' '));
      if (!emitOneOfMany(context, { deleted: reference })) printLines(context, [`${reference} deleted`]);
    }
    await context.stdout.drained();
  };
}

type ItemPrinter = (item: Item) => void;

/** Prints the header of a table at once, and each item as it comes. */
export function itemPrinter(
  context: Context,
  kind: string,
  header: readonly string[],
  widths: readonly number[],
): ItemPrinter {
  const isTable = isTableFormat(context);
  if (isTable) printLines(context, [headerLine(header, widths, context.style)]);
  return (item) => {
    if (emitOneOfMany(context, item.plain)) return;
    printLines(context, [isTable ? rowLine(item.row, widths, context.style) : referenceOf(kind, item)]);
  };
}

function isTableFormat({ format }: Context): boolean {
  return format === 'table' || format === 'wide';
}

/** It changes all the time while a proxy is connected. */
function withoutLastSeen(key: string, value: unknown): unknown {
  return key === 'lastSeen' ? undefined : value;
}
