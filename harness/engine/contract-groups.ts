/**
 * Which engines each group of the contract in test/contract/engine holds for. The portable engine relays, half-closes,
 * resets, times out and keeps its limits; what it does not promise is in docs/adr/0001.
 */
import type { EngineName } from './engine-host.ts';

const EVERY_ENGINE = ['portable', 'epoll', 'epoll with splice'] as const;
/** Groups in which splice plays no part. */
const WITHOUT_BYTES = ['portable', 'epoll'] as const;
const EPOLL_ALONE = ['epoll', 'epoll with splice'] as const;

export const CONTRACT_GROUPS = {
  bytes: EVERY_ENGINE,
  ends: EVERY_ENGINE,
  connecting: WITHOUT_BYTES,
  timeouts: WITHOUT_BYTES,
  orders: WITHOUT_BYTES,
  limits: WITHOUT_BYTES,
  /** No byte is lost whatever the peers do, and every connection is served under pressure. */
  atOnce: EPOLL_ALONE,
  pressure: EPOLL_ALONE,
  random: EPOLL_ALONE,
} satisfies Record<string, readonly EngineName[]>;
