/** Changes of health, by checks or by failed connects, as one event to subscribe to. */
import type { Health } from '../../core/model/resources.ts';

export type HealthChange =
  | {
      readonly type: 'transition';
      readonly pool: string;
      readonly address: string;
      readonly from: Health;
      readonly to: Health;
      /** In words. */
      readonly reason: string;
      /** The pool has as many healthy backends as its policy expects all the same. */
      readonly isExpected: boolean;
    }
  /** Checks can't be made, since this host ran out of something. */
  | { readonly type: 'shortage'; readonly reason: string }
  /** No backend of the pool is healthy, so none or all are used; or that is over. Not while first checks run. */
  | { readonly type: 'panic'; readonly pool: string; readonly on: boolean; readonly refuses: boolean }
  /** Another tier serves. Not while first checks run. */
  | { readonly type: 'tier'; readonly pool: string; readonly from: number; readonly to: number };

export class HealthChanges {
  readonly #subscribers: ((change: HealthChange) => void)[] = [];

  subscribe(subscriber: (change: HealthChange) => void): void {
    this.#subscribers.push(subscriber);
  }

  publish(change: HealthChange): void {
    for (const subscriber of this.#subscribers) subscriber(change);
  }
}
