/** A program on a terminal of its own, 80 by 24, by way of script(1), and what can be seen there. */
import { spawn } from 'node:child_process';
import { eventually, type Scope } from './processes.ts';

const ROWS = 24;
// oxlint-disable-next-line no-control-regex -- escape sequences are what this is about
const PARTS = /\u001b\[([?0-9;]*)([A-Za-z])|\r|\n|[^\u001b\r\n]+/g;

export class Pty {
  readonly ended: Promise<unknown>;
  /** Everything that was written, as it came. */
  text = '';
  readonly #write: (text: string) => void;

  /** `command`: for a shell. */
  constructor(scope: Scope, command: string, env: Readonly<Record<string, string>> = {}) {
    const sized = `stty rows ${ROWS} cols 80; ${command}`;
    const child = spawn('script', ['-qefc', sized, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.on('error', () => undefined);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    this.ended = new Promise((resolve) => child.once('close', resolve));
    this.#write = (text) => child.stdin.write(text);
    scope.after(async () => {
      child.kill('SIGKILL');
      await this.ended;
    });
  }

  press(keys: string): void {
    this.#write(keys);
  }

  /** Ctrl-S: nothing more is shown, and what is pressed from now on finds it like that. */
  stall(): void {
    this.press('\u0013');
  }

  /** Ctrl-Q. */
  goOn(): void {
    this.press('\u0011');
  }

  /** Whether a program has the whole screen. */
  get isAlternate(): boolean {
    return this.text.lastIndexOf('\u001b[?1049h') > this.text.lastIndexOf('\u001b[?1049l');
  }

  /** The lines of the program that had the screen last. */
  get lines(): string[] {
    const lines = Array.from({ length: ROWS }, () => '');
    const begin = this.text.lastIndexOf('\u001b[?1049h');
    const end = this.text.indexOf('\u001b[?1049l', begin);
    let row = 0;
    for (const [part, parameters = '', final] of this.text
      .slice(begin, end === -1 ? undefined : end)
      .matchAll(PARTS)) {
      if (final === 'H') row = Number(parameters.split(';')[0] ?? '1') - 1;
      else if (final === 'K') lines[row] = '';
      else if (final === 'J') lines.fill('');
      else if (final === undefined && row < ROWS) lines[row] += part;
    }
    return lines;
  }

  /** Waits until a line of the screen looks like this, and answers it. */
  shows(pattern: RegExp): Promise<string> {
    return eventually(
      async () => this.lines.find((line) => pattern.test(line)),
      `${pattern} on the screen`,
      30_000,
    );
  }

  /** Waits until this was written, anywhere. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    return await eventually(async () => pattern.exec(this.text) ?? undefined, `${pattern}`, 30_000);
  }
}
