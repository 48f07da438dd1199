/**
 * Lets many callers share few runs: each caller gets the result of a run that starts after its call. At most one run is
 * under way, and at most one more waits.
 */
export class SharedRun<T> {
  readonly #run: () => Promise<T>;
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(run: () => Promise<T>) {
    this.#run = run;
  }

  /** The result of a run that starts now or later. */
  start(): Promise<T> {
    if (this.#current === undefined) return this.#begin();
    this.#next ??= this.#current.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<T> {
    this.#next = undefined;
    const run = this.#run();
    this.#current = run;
    const finish = () => {
      if (this.#current === run) this.#current = undefined;
    };
    run.then(finish, finish);
    return run;
  }
}
