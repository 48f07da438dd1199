/**
 * The live screen: frames, keys and signals in, pictures out.
 *
 * Invariant: however it ends, the terminal is given back as it was: at q and Ctrl-C, at signals, at an error, and while
 * the process is stopped by Ctrl-Z.
 */
import type { EventEmitter } from 'node:events';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { every } from '../../core/runtime/clock.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printable } from '../output/table.ts';
import type { Session } from '../session/session.ts';
import { BackendStates } from './backend-states.ts';
import { watchFrames } from './frames.ts';
import { keysOf } from './keys.ts';
import { Samples } from './samples.ts';
import { Screen, type TerminalIn, type TerminalOut } from './screen.ts';
import { pageOf, screenLines, type Shown, sortedRows } from './view.ts';
import { FIRST_STATE, press, type ViewState } from './view-state.ts';

/** It looks for trouble that nobody tells of: a control plane that hangs. */
const LOOK_EVERY_MS = 1_000;
/** How long a notice of what happened stands. */
const NOTICE_MS = 8_000;
/** A stop that has not come by then will not: nobody can continue a process that has no shell. */
const STOP_MS = 300;
const ENDING_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

/** Whom, what, and what it does. */
type Heard = readonly [EventEmitter, string, Parameters<EventEmitter['on']>[1]];

export interface LiveOptions {
  readonly pool: string | undefined;
  readonly intervalMs: number;
}

/** Whether both ends are a terminal, and where they are. */
export function terminalOf({ stdin, stdout }: Context): readonly [TerminalIn, TerminalOut] | null {
  const [input, output] = [stdin as TerminalIn, stdout as TerminalOut];
  return input.isTTY && output.isTTY && input.setRawMode !== undefined ? [input, output] : null;
}

export async function runLive(
  context: Context,
  session: Session,
  [input, output]: readonly [TerminalIn, TerminalOut],
  options: LiveOptions,
): Promise<ExitCode> {
  const top = new LiveTop(context, session, new Screen(input, output), options);
  return await top.run(input, output);
}

class LiveTop {
  readonly #context: Context;
  readonly #session: Session;
  readonly #screen: Screen;
  readonly #options: LiveOptions;
  readonly #samples = new Samples();
  readonly #states: BackendStates;
  readonly #end = new AbortController();
  readonly #onStop = () => this.#stop();
  #state: ViewState = FIRST_STATE;
  #frame: StatsFrame__Output | null = null;
  #frameMs = 0;
  #server = '';
  /** Why frames stopped coming; null: they come. */
  #lost: string | null = null;
  #news = { text: '', untilMs: 0 };
  #signal: NodeJS.Signals | null = null;

  constructor(context: Context, session: Session, screen: Screen, options: LiveOptions) {
    this.#context = context;
    this.#session = session;
    this.#screen = screen;
    this.#options = options;
    this.#states = new BackendStates(session);
    this.#server = context.servers.join(',');
  }

  async run(input: TerminalIn, output: TerminalOut): Promise<ExitCode> {
    const heard = this.#heard(input, output);
    for (const [source, event, listener] of heard) source.on(event, listener);
    const looks = every(this.#context.clock, LOOK_EVERY_MS, () => this.#draw());
    try {
      this.#screen.enter();
      this.#draw();
      await this.#watch();
    } finally {
      looks.cancel();
      this.#screen.leave();
      for (const [source, event, listener] of heard) source.off(event, listener);
    }
    // Whoever sent it learns that it was heard: the process ends as it would have without us.
    if (this.#signal !== null && this.#signal !== 'SIGINT') process.kill(process.pid, this.#signal);
    return EXIT.done;
  }

  /** What is listened to while the screen is shown. */
  #heard(input: TerminalIn, output: TerminalOut): readonly Heard[] {
    const redraw = () => this.#draw();
    const finish = (signal: NodeJS.Signals) => {
      this.#signal = signal;
      this.#end.abort();
    };
    const goOn = () => {
      this.#screen.enterAgain();
      this.#goOn();
    };
    return [
      [input, 'data', (bytes: Buffer) => this.#press(bytes.toString('utf8'))],
      [output, 'resize', redraw],
      [output, 'drain', redraw],
      [process, 'exit', () => this.#screen.leave()],
      [process, 'SIGTSTP', this.#onStop],
      [process, 'SIGCONT', goOn],
      ...ENDING_SIGNALS.map((signal): Heard => [process, signal, finish]),
    ];
  }

  async #watch(): Promise<void> {
    const { pool, intervalMs } = this.#options;
    const { clock } = this.#context;
    await watchFrames(
      this.#context,
      this.#session,
      {
        pool,
        intervalMs,
        signal: this.#end.signal,
        onFrame: (frame, server) => this.#take(frame, server, clock.nowMs()),
        onLost: (reason, server) => {
          this.#lost = `${server} is lost (${reason}): trying on`;
          this.#draw();
        },
      },
      Number.POSITIVE_INFINITY,
    );
  }

  #take(frame: StatsFrame__Output, server: string, nowMs: number): void {
    if (this.#lost !== null) {
      const text =
        server === this.#server ? `${server} is back` : `${this.#server} is lost: now from ${server}`;
      this.#news = { text, untilMs: nowMs + NOTICE_MS };
    }
    this.#lost = null;
    this.#server = server;
    this.#frame = frame;
    this.#frameMs = nowMs;
    this.#samples.add(frame, this.#options.pool);
    this.#states.look(frame.revision, nowMs);
    this.#draw();
  }

  #press(text: string): void {
    for (const key of keysOf(text)) {
      if (key === 'ctrl-z') this.#stop();
      else if (key === 'ctrl-l') this.#screen.forget();
      else {
        const rows = sortedRows(this.#shown(), this.#state).length;
        this.#state = press(this.#state, key, rows, pageOf(this.#screen.size));
      }
    }
    if (this.#state.quit) this.#end.abort();
    else this.#draw();
  }

  #stop(): void {
    this.#screen.leave();
    process.off('SIGTSTP', this.#onStop);
    // The whole group, since the shell waits for what it started, which may be npx.
    process.kill(0, 'SIGTSTP');
    this.#context.clock.after(STOP_MS, () => this.#goOn());
  }

  #goOn(): void {
    if (this.#end.signal.aborted) return;
    if (!process.listeners('SIGTSTP').includes(this.#onStop)) process.on('SIGTSTP', this.#onStop);
    this.#screen.enter();
    this.#draw();
  }

  #shown(): Shown {
    return {
      frame: this.#frame,
      pool: this.#options.pool,
      states: this.#states.current,
      samplesOf: (view, name) => this.#samples.of(view, name),
      server: this.#server,
      notice: printable(this.#notice()),
      clock: new Date(this.#context.clock.wallMs()).toTimeString().slice(0, 8),
    };
  }

  #notice(): string {
    const nowMs = this.#context.clock.nowMs();
    if (this.#lost !== null) return this.#lost;
    if (this.#frame === null) return '';
    const silentMs = nowMs - this.#frameMs;
    if (silentMs > this.#options.intervalMs + 3_000) {
      return `${this.#server} has been silent for ${Math.round(silentMs / 1_000)}s: these figures are old`;
    }
    return nowMs < this.#news.untilMs ? this.#news.text : '';
  }

  #draw(): void {
    const { size } = this.#screen;
    this.#screen.draw(screenLines(this.#shown(), this.#state, size, this.#context.style));
  }
}
