/**
 * `--watch`: shows everything once, then what is new or has changed. The control plane's Watch stream only says when to
 * read again; what is shown is always read.
 */
import { sleep } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Plain } from '../../core/view/plain.ts';
import { type Context, tell } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { retry } from '../session/retry.ts';
import type { Session } from '../session/session.ts';
import { jsonLine, yamlText } from './emit.ts';
import { printLines } from './lines.ts';
import { type Listing, referenceOf } from './listing.ts';
import { columnWidths, headerLine, rowLine, sameness } from './table.ts';

/** What proxies report has no Watch stream, so it is polled. */
const POLL_MS = 1_000;
const POLLED = ['proxy', 'backend', 'health'];

/** Runs until it is interrupted, or until no control plane has answered for --timeout. `kind` is in the singular. */
export async function watchListing(
  context: Context,
  session: Session,
  kind: string,
  list: () => Promise<Listing>,
): Promise<ExitCode> {
  const show = changePrinter(context, kind);
  await show(await list());
  const { clock, timeoutMs } = context;
  let lastAnswerMs = clock.nowMs();
  await retry(context, {
    attempt: async (progress): Promise<undefined> => {
      for await (const _ of changes(context, session, kind)) {
        await show(await list());
        lastAnswerMs = clock.nowMs();
        progress();
      }
    },
    onFailure: (error) => {
      if (clock.nowMs() - lastAnswerMs > timeoutMs) throw error;
      tell(context, `connection lost (${messageOf(error)}); trying again`);
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
  const { stdout, style, format } = context;
  const isTable = format === 'table' || format === 'wide';
  const shown = new Map<string, string>();
  let widths: readonly number[] | undefined;
  return async ({ header, items }) => {
    if (isTable && widths === undefined) {
      widths = columnWidths(
        header,
        items.map(({ row }) => row),
      );
      printLines(context, [headerLine(header, widths, style)]);
    }
    const references = new Set<string>();
    for (const item of items) {
      const reference = referenceOf(kind, item);
      const key = `${reference} ${item.instance ?? ''}`;
      references.add(key);
      const fingerprint = isTable ? sameness(item.row) : JSON.stringify(item.plain, withoutLastSeen);
      if (shown.get(key) === fingerprint) continue;
      shown.set(key, fingerprint);
      if (isTable) printLines(context, [rowLine(item.row, widths ?? [], style)]);
      else if (format === 'name') printLines(context, [reference]);
      else stdout.write(structured(context, item.plain));
    }
    for (const key of shown.keys()) {
      if (references.has(key)) continue;
      shown.delete(key);
      const reference = key.slice(0, key.lastIndexOf(' '));
      if (isTable || format === 'name') printLines(context, [`${reference} deleted`]);
      else stdout.write(structured(context, { deleted: reference }));
    }
    await stdout.drained();
  };
}

/** It changes all the time while a proxy is connected. */
function withoutLastSeen(key: string, value: unknown): unknown {
  return key === 'lastSeen' ? undefined : value;
}

/** One value of many: JSON on a line by itself, or a YAML document. */
function structured({ format }: Context, value: Plain): string {
  return format === 'json' ? jsonLine(value) : `---\n${yamlText(value)}`;
}
