/** How far a long wait is: one line of a terminal that is written again and again, or a line now and then for a log. */
import { printable } from '../../core/runtime/printable.ts';
import { type Context, tell } from '../context.ts';

const LOG_EVERY_MS = 10_000;
/** To the start of the line, which is erased; what is wider than the terminal is cut and not wrapped. */
const ERASE = '\r\u001b[K';
const UNWRAPPED = ['\u001b[?7l', '\u001b[?7h'] as const;

/** Shows a line; an empty one takes the last one away, so that what is said next begins on a line of its own. */
export function progressLine(context: Context): (line: string) => void {
  const { clock, showProgress, stderr } = context;
  let shown = '';
  let nextMs = Number.NEGATIVE_INFINITY;
  return (line) => {
    if (line === shown || (!showProgress && (line === '' || clock.nowMs() < nextMs))) return;
    if (showProgress) stderr.write(ERASE + (line === '' ? '' : UNWRAPPED.join(printable(line))));
    else tell(context, line);
    shown = line;
    nextMs = clock.nowMs() + LOG_EVERY_MS;
  };
}
