/** A checker whose results a test gives, one check at a time. */
import type { Checker, CheckResult, CheckTarget, RunningCheck } from '../../data-plane/health/checker.ts';

interface Pending {
  readonly target: CheckTarget;
  readonly done: (result: CheckResult) => void;
}

export class FakeChecker implements Checker {
  /** Checks under way, in the order they began. */
  readonly running: Pending[] = [];
  started = 0;
  mostRunning = 0;

  check(target: CheckTarget, _timeoutMs: number, done: (result: CheckResult) => void): RunningCheck {
    const pending = { target, done };
    this.running.push(pending);
    this.started++;
    this.mostRunning = Math.max(this.mostRunning, this.running.length);
    return { cancel: () => this.#end(pending) };
  }

  /** Ports under check, in the order the checks began. */
  get ports(): number[] {
    return this.running.map(({ target }) => target.port);
  }

  pass(port: number): void {
    this.end(port, { type: 'passed' });
  }

  fail(port: number, reason = 'connection refused'): void {
    this.end(port, { type: 'failed', reason });
  }

  end(port: number, result: CheckResult): void {
    const pending = this.running.find(({ target }) => target.port === port);
    if (!pending) throw new Error(`port ${port} is not being checked; ${this.ports.join(' ')} are`);
    this.#end(pending);
    pending.done(result);
  }

  #end(pending: Pending): void {
    const at = this.running.indexOf(pending);
    if (at >= 0) this.running.splice(at, 1);
  }
}
