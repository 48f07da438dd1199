/** Settings of sockets: of both engines, and of those that the main thread listens on. */

/** How many clients the kernel queues until a worker accepts them. */
export const BACKLOG = 4_096;

/**
 * A peer that vanished is noticed after 60 + 6 × 10 s. Towards a backend the epoll engine sets this only once a
 * connection is 30 s old, and the 60 s begin then at the earliest. Of these, Node lets the portable engine choose only
 * the 60 s. TCP_USER_TIMEOUT is not set: see docs/adr/0010.
 */
export const KEEP_ALIVE = { idleSeconds: 60, intervalSeconds: 10, probes: 6 } as const;
