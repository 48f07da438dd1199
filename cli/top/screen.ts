/**
 * The terminal as a screen: entered and left whole, and drawn with one write for each picture.
 *
 * Invariants
 *  - after `leave` the terminal is as it was before `enter`; both may be called again and again;
 *  - a picture writes the lines that differ from the last one, and nothing while the terminal has not yet taken that one.
 */
import type { Readable, Writable } from 'node:stream';
import type { Size } from './view.ts';

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
/** Terminals that know these show a picture at once; the others ignore them. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const SMALLEST: Size = { columns: 20, rows: 4 };

export type TerminalIn = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
export type TerminalOut = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export class Screen {
  readonly #input: TerminalIn;
  readonly #output: TerminalOut;
  #lines: readonly string[] = [];
  #size = '';
  #entered = false;

  constructor(input: TerminalIn, output: TerminalOut) {
    this.#input = input;
    this.#output = output;
  }

  get size(): Size {
    const { columns = 80, rows = 24 } = this.#output;
    return {
      columns: Math.max(SMALLEST.columns, columns),
      rows: Math.max(SMALLEST.rows, rows),
    };
  }

  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#input.setRawMode?.(true);
    this.#input.resume();
    this.#output.write(ENTER);
    this.forget();
  }

  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.#output.write(LEAVE);
    this.#input.setRawMode?.(false);
    this.#input.pause();
  }

  /** Enters again, whatever another program did to the terminal meanwhile. */
  enterAgain(): void {
    this.#entered = false;
    this.enter();
  }

  /** The next picture is drawn whole. */
  forget(): void {
    this.#size = '';
  }

  draw(lines: readonly string[]): void {
    if (!this.#entered || this.#output.writableNeedDrain) return;
    const { columns, rows } = this.size;
    const size = `${columns}x${rows}`;
    const isWhole = size !== this.#size;
    // Each line is erased first: after a line as wide as the screen, the cursor is still on its last character.
    const changed = lines.map((line, index) =>
      !isWhole && line === this.#lines[index] ? '' : `\u001b[${index + 1};1H\u001b[K${line}\u001b[0m`,
    );
    this.#size = size;
    this.#lines = lines;
    const text = (isWhole ? '\u001b[2J' : '') + changed.join('');
    if (text !== '') this.#output.write(BEGIN + text + END);
  }
}
