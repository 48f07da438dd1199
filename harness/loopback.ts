/** Addresses of loopback for tests that need several hosts with ports of their choice. */

/** The first two parts. Each test process has its own, so that two runs on one machine do not meet. */
export const OWN_LOOPBACK = `127.${60 + (process.pid % 150)}`;
