/**
 * The live screen: it takes frames, keys and signals, and draws.
 *
 * Invariant: the terminal is restored however the program ends: by q, Ctrl-C, a signal or an error, and also while
 * the process is stopped by Ctrl-Z.
 */
import type { EventEmitter } from 'node:events';
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { every } from '../../core/runtime/clock.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printable } from '../../core/runtime/printable.ts';
import type { Session } from '../session/session.ts';
import { BackendStates } from './backend-states.ts';
import { watchFrames } from './frames.ts';
import { keysOf } from './keys.ts';
import { Samples } from './rows.ts';
import { Screen, type TerminalIn, type TerminalOut } from './screen.ts';
import { pageOf, screenLines, type Shown, sortedRows } from './view.ts';
import { FIRST_STATE, press, type ViewState } from './view-state.ts';

/** Drawn again this often even without a frame, to show that a control plane hangs. */
const REDRAW_MS = 1_000;
/** How long a notice of an event is shown. */
const NOTICE_MS = 8_000;
/** When the process has not been stopped by then, it has no shell that could continue it, and goes on. */
const STOP_MS = 300;
const ENDING_SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;

type Subscription = readonly [EventEmitter, event: string, listener: Parameters<EventEmitter['on']>[1]];

export interface LiveOptions {
  readonly pool: string | undefined;
  readonly intervalMs: number;
}

/** Input and output, when both are a terminal. */
export function terminalOf({ stdin }: Context): readonly [TerminalIn, TerminalOut] | null {
  const [input, output]: [TerminalIn, TerminalOut] = [stdin(), process.stdout];
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
  /** Why no frames arrive; null: they do. */
  #lost: string | null = null;
  #event = { text: '', untilMs: 0 };
  #signal: NodeJS.Signals | null = null;

  constructor(context: Context, session: Session, screen: Screen, options: LiveOptions) {
    this.#context = context;
    this.#session = session;
    this.#screen = screen;
    this.#options = options;
    this.#states = new BackendStates(session, context.clock);
    this.#server = context.servers.join(',');
  }

  async run(input: TerminalIn, output: TerminalOut): Promise<ExitCode> {
    const subscriptions = this.#subscriptions(input, output);
    for (const [source, event, listener] of subscriptions) source.on(event, listener);
    const redraws = every(this.#context.clock, REDRAW_MS, () => this.#draw());
    try {
      this.#screen.enter();
      this.#draw();
      await this.#watch();
    } finally {
      redraws.cancel();
      this.#screen.leave();
      for (const [source, event, listener] of subscriptions) source.off(event, listener);
    }
    // The process ends by the signal, as it would have without a handler.
    if (this.#signal !== null && this.#signal !== 'SIGINT') process.kill(process.pid, this.#signal);
    return EXIT.done;
  }

  /** While the screen is shown. */
  #subscriptions(input: TerminalIn, output: TerminalOut): readonly Subscription[] {
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
      // The terminal is gone.
      [output, 'error', () => this.#end.abort()],
      [process, 'exit', () => this.#screen.leave()],
      [process, 'SIGTSTP', this.#onStop],
      [process, 'SIGCONT', goOn],
      ...ENDING_SIGNALS.map((signal): Subscription => [process, signal, finish]),
    ];
  }

  async #watch(): Promise<void> {
    const { pool, intervalMs } = this.#options;
    const { clock } = this.#context;
    await watchFrames(this.#context, this.#session, {
      pool,
      intervalMs,
      patienceMs: Number.POSITIVE_INFINITY,
      signal: this.#end.signal,
      onFrame: (frame, server) => this.#show(frame, server, clock.nowMs()),
      onLost: (reason, server) => {
        this.#lost = `${server} is lost (${reason}): trying again`;
        this.#draw();
      },
    });
  }

  #show(frame: StatsFrame__Output, server: string, nowMs: number): void {
    if (this.#lost !== null) {
      const text =
        server === this.#server ? `${server} is back` : `${this.#server} is lost: now from ${server}`;
      this.#event = { text, untilMs: nowMs + NOTICE_MS };
    }
    this.#lost = null;
    this.#server = server;
    this.#frame = frame;
    this.#frameMs = nowMs;
    this.#samples.add(frame, this.#options.pool);
    void this.#states.refresh(frame.revision).then(() => this.#draw());
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
    // The whole process group, since the shell waits for what it started, which may be npx.
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
    return nowMs < this.#event.untilMs ? this.#event.text : '';
  }

  #draw(): void {
    const { size } = this.#screen;
    this.#screen.draw(screenLines(this.#shown(), this.#state, size, this.#context.style));
  }
}
