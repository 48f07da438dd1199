/** lb-data-plane: flags → options → start, and the end of the process. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '../core/runtime/clock.ts';
import { LbError, messageOf } from '../core/runtime/errors.ts';
import { exitOnUnhandledFailures, stopOnSignals, surviveHangups } from '../core/runtime/lifecycle.ts';
import { standardErrorSink } from '../core/runtime/line-sink.ts';
import { createLogger } from '../core/runtime/logger.ts';
import { systemRandom } from '../core/runtime/random.ts';
import { Proxy } from './proxy.ts';
import { openConnectionLog } from './telemetry/connection-log-sink.ts';
import { parseProxyFlags } from './proxy-flags.ts';

const flags = parseProxyFlags();
const sink = standardErrorSink(systemClock);
const logger = createLogger('lb-data-plane', flags.logLevel, sink);
exitOnUnhandledFailures(logger);
surviveHangups(logger);
flags.tokenFile?.follow(systemClock, logger);
try {
  const proxy = new Proxy({
    ...flags,
    controlPlanes: flags.controlPlane,
    ...(flags.tokenFile && { token: flags.tokenFile }),
    stateDir: flags.stateDir ?? `./data/proxy-${flags.proxyId}`,
    sourceAddresses: flags.sourceAddress ?? [],
    connectionLog: openConnectionLog(flags.connectionLog, systemClock, logger),
    shutdownDelayMs: flags.shutdownDelay,
    drainTimeoutMs: flags.drainTimeout,
    clock: systemClock,
    random: systemRandom,
    randomBytes,
    logger,
    logLinesDropped: () => sink.droppedTotal,
  });
  await proxy.start();
  stopOnSignals(() => proxy.stop(), logger);
} catch (error) {
  // An LbError is for the operator to fix; anything else is a defect, and needs its stack.
  const stack = error instanceof LbError || !(error instanceof Error) ? undefined : error.stack;
  logger.fatal({ stack }, `cannot start: ${messageOf(error)}`);
  process.exit(1);
}
