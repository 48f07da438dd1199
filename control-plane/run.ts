/** lb-control-plane: flags → options → start, and the end of the process. */
import { systemClock } from '../core/runtime/clock.ts';
import { LbError, messageOf } from '../core/runtime/errors.ts';
import { exitOnUnhandledFailures, stopOnSignals, surviveHangups } from '../core/runtime/lifecycle.ts';
import { standardErrorSink } from '../core/runtime/line-sink.ts';
import { createLogger } from '../core/runtime/logger.ts';
import { systemRandom } from '../core/runtime/random.ts';
import { startControlPlane } from './control-plane.ts';
import { parseControlPlaneFlags } from './control-plane-flags.ts';
import { dnsResolver } from './names/name-resolver.ts';
import { openStore } from './store/store-url.ts';

const flags = parseControlPlaneFlags();
const { access, tokenFile } = flags;
const clock = systemClock;
const random = systemRandom;
const sink = standardErrorSink(clock);
const logger = createLogger('lb-control-plane', flags.logLevel, sink);
exitOnUnhandledFailures(logger);
surviveHangups(logger);
if (access.user !== undefined && access.tls === undefined)
  logger.warn(
    'the password of --etcd-user is sent to etcd unencrypted; use --etcd-ca to encrypt the connection',
  );
tokenFile?.follow(clock, logger);
if (flags.insecure && tokenFile === undefined)
  logger.warn('--insecure is set: anyone who can reach this control plane can change everything');
try {
  const { store, memberStore } = openStore(flags.store, { access, clock, random, logger });
  const running = await startControlPlane(
    { ...flags, dashboardHosts: flags.dashboardHost },
    {
      store,
      memberStore,
      clock,
      random,
      logger,
      resolver: dnsResolver(flags.dnsServer),
      logLinesDropped: () => sink.droppedTotal,
      ...(tokenFile && { tokens: tokenFile }),
    },
  );
  stopOnSignals(() => running.stop(), logger);
  const { grpcAddress: grpc_address, httpAddress: http_address } = running;
  logger.info({ grpc_address, http_address, store: store.description }, 'control plane started');
} catch (error) {
  // An LbError tells the operator what to fix. Anything else is a bug, so its stack is logged.
  const stack = error instanceof LbError || !(error instanceof Error) ? undefined : error.stack;
  logger.fatal({ stack }, `cannot start: ${messageOf(error)}`);
  process.exit(1);
}
