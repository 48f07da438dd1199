/**
 * Checks that a TCP connection can be established, with Node's sockets: where the epoll engine does not run.
 *
 * Invariants
 *  - ends within the timeout and one turn of the event loop;
 *  - an established connection is ended with a reset, which leaves no TIME_WAIT on either side;
 *  - with the C library the reset is sent before the handshake's last acknowledgement, so the server's program does not
 *    notice (see epoll-checker.ts). Node has no option for that: without the C library each check is a connection that
 *    the program accepts and finds reset;
 *  - a connect that met itself counts as refused: nobody listens there;
 *  - it is bound to the first source address of the backend's family, if any is set;
 *  - the event loop runs timers before it polls sockets, so after a pause of this process the deadline would fire before
 *    a success that arrived long ago. So sockets are polled once more at the deadline, and a deadline that is late by
 *    more than a quarter of the timeout proves nothing.
 */
import { isIP, isIPv4, Socket } from 'node:net';
import type { Clock } from '../../core/runtime/clock.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { Libc } from '../kernel/libc.ts';
import { isItsOwnPeer } from '../kernel/own-peer.ts';
import { type Checker, type CheckResult, failedBy, later, refused, timedOut } from './checker.ts';

/** `libc` null where it can't be called. */
export function tcpChecker(clock: Clock, sourceAddresses: readonly string[], libc: Libc | null): Checker {
  return {
    check({ host, port }, { timeoutMs }, done) {
      const startedMs = clock.nowMs();
      const fd = libc && openSocket(libc, host);
      if (fd !== null && fd < 0) return later(() => done(refused(-fd)));
      // Not readable, or Node would read from it at once, before it is connected.
      const socket = fd === null ? new Socket() : new Socket({ fd, readable: false });
      const localAddress = sourceAddresses.find((address) => isIP(address) === isIP(host));
      socket.connect({ host, port, ...(localAddress !== undefined && { localAddress }) });
      let ended = false;
      const end = (result: CheckResult | null) => {
        if (ended) return;
        ended = true;
        deadline.cancel();
        // Node's reset waits for a connect under way, for as long as the kernel tries: minutes.
        if (socket.connecting) socket.destroy();
        else socket.resetAndDestroy();
        if (result) done(result);
      };
      const deadline = clock.after(timeoutMs, () => {
        const lateMs = clock.nowMs() - startedMs - timeoutMs;
        // setImmediate runs after the next poll of the sockets, which may still end this check.
        setImmediate(() => end(timedOut(timeoutMs, lateMs)));
      });
      socket.once('connect', () => end(isItsOwnPeer(socket) ? refused(ERRNO.refused) : { type: 'passed' }));
      // Not `once`: a socket that is being destroyed may report another error, which is to be ignored.
      socket.on('error', (error) => end(failedBy(error)));
      return { cancel: () => end(null) };
    },
  };
}

/** A descriptor, or the errno negated. */
function openSocket(libc: Libc, host: string): number {
  const fd = libc.socket(isIPv4(host) ? 4 : 6);
  if (fd < 0) return fd;
  libc.setOption(fd, 'quickAck', 0);
  libc.setOption(fd, 'bindAddressNoPort', 1);
  return fd;
}
