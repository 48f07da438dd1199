/** How far a long wait is: one line of a terminal that is written again and again, or a line now and then for a log. */
import { printable } from '../../core/runtime/printable.ts';
import { type Context, tell } from '../context.ts';

const LOG_EVERY_MS = 10_000;
/** To the start of the line, which is erased; what is wider than the terminal is cut and not wrapped. */
const ERASE = '\r\u001b[K';
const UNWRAPPED = ['\u001b[?7l', '\u001b[?7h'] as const;

export class ProgressLine {
  readonly #context: Context;
  #shown = '';
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(context: Context) {
    this.#context = context;
  }

  show(line: string): void {
    const { clock, showProgress, stderr } = this.#context;
    if (line === this.#shown) return;
    if (!showProgress && clock.nowMs() - this.#shownMs < LOG_EVERY_MS) return;
    if (showProgress) stderr.write(ERASE + UNWRAPPED.join(printable(line)));
    else tell(this.#context, line);
    this.#shown = line;
    this.#shownMs = clock.nowMs();
  }

  /** What is said next begins on a line of its own. */
  end(): void {
    if (this.#context.showProgress && this.#shown !== '') this.#context.stderr.write(ERASE);
    this.#shown = '';
  }
}
