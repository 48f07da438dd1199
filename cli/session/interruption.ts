/** Ctrl-C, or another signal, before a command is over: it says what is known of the change that it made. */
import { type Context, tell } from '../context.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `action`. A signal meanwhile says `standing()`, unless that is empty, and then ends the program as it always does. */
export async function sayingOnSignal<T>(
  context: Context,
  standing: () => string,
  action: () => Promise<T>,
): Promise<T> {
  const onSignal = (signal: NodeJS.Signals) => {
    off();
    // A terminal has shown ^C on this line.
    if (context.showProgress) context.stderr.write('\n');
    if (standing() !== '') tell(context, `lbctl: ${standing()}`);
    process.kill(process.pid, signal);
  };
  const off = () => SIGNALS.forEach((signal) => process.off(signal, onSignal));
  SIGNALS.forEach((signal) => process.on(signal, onSignal));
  try {
    return await action();
  } finally {
    off();
  }
}
