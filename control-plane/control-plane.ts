/**
 * The composition root of a control plane: everything is created and stopped here.
 *
 * Invariants
 *  - it starts even if its store does not answer; it logs that, keeps trying, and is not ready until the store was read;
 *  - `stop` ends within a bounded time, no matter which clients are connected.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../core/runtime/clock.ts';
import { LbError } from '../core/runtime/errors.ts';
import type { HostPort } from '../core/runtime/flags.ts';
import type { Logger } from '../core/runtime/logger.ts';
import type { Random } from '../core/runtime/random.ts';
import type { AcceptedTokens } from '../core/runtime/token-file.ts';
import { loadDefinitions } from '../core/wire/definitions.ts';
import { HEALTH_METHODS, refuseCall } from './access/call-access.ts';
import { refuseOutdatedCall, outdatedError } from './access/format-gate.ts';
import { makeChangeWith } from './api/make-change.ts';
import type { ApiDeps } from './api/api-deps.ts';
import { apiServices } from './api/services.ts';
import { DeltaEncoder } from './distribution/delta-encoder.ts';
import { discoveryHandlers } from './distribution/discovery-service.ts';
import { Fleet } from './fleet/fleet.ts';
import { readStoreFor } from './distribution/store-reading.ts';
import { reportService } from './fleet/report-service.ts';
import { makeHttp } from './http/http-address.ts';
import { ControlPlaneMetrics } from './http/metrics.ts';
import { Members } from './store/members/members.ts';
import { unaryWith } from './rpc/unary.ts';
import { preEncoded } from './rpc/definition-wrappers.ts';
import { GrpcServer } from './rpc/grpc-server.ts';
import { OpenStreams } from './rpc/open-streams.ts';
import { fleetFacts } from './guard/fleet-facts.ts';
import type { GuardSources } from './guard/guarded-edit.ts';
import type { NameResolver } from './names/name-resolver.ts';
import { Names } from './names/names.ts';
import { mergeMembers } from './store/members/merge-members.ts';
import { Publisher } from './snapshot/publisher.ts';
import { recordEvents } from './fleet/event-recorder.ts';
import { FleetStats } from './fleet/fleet-stats.ts';
import { Checkpointer } from './store/log/checkpointer.ts';
import { Committer } from './store/log/committer.ts';
import type { ConfigStore } from './store/config-store.ts';
import { keptLog } from './store/log/kept-log.ts';
import { type FollowerStatus, LogFollower } from './store/log/log-follower.ts';
import type { MemberStore } from './store/member-store.ts';
import { RevisionReader } from './store/log/revision-reader.ts';
import { RETENTION, type RetentionLimits } from './store/log/retention.ts';

/** How long the store may take to finish pending work when this replica stops. */
const STORE_TIMEOUT_MS = 3_000;

export interface ControlPlaneOptions {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  /** Host names of the dashboard, besides localhost and addresses. */
  readonly dashboardHosts?: readonly string[];
}

export interface ControlPlaneDeps {
  /** Closed by `stop`. */
  readonly store: ConfigStore;
  /** Registrations and the roster, which the same store keeps beside the log. */
  readonly memberStore: MemberStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Every call needs one of these; left out: no call needs a token. */
  readonly tokens?: AcceptedTokens;
  /** For tests: how long after the start an empty roster may only mean that no proxy has connected yet. */
  readonly rosterGraceMs?: number;
  /** For tests: how much of the log is kept. */
  readonly retention?: RetentionLimits;
  readonly logLinesDropped?: () => number;
  /** Looks up the names of backends. */
  readonly resolver: NameResolver;
}

export interface RunningControlPlane {
  /** With the actual port. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  stop(): Promise<void>;
}

/** Rejects with LbError when an address can't be bound. */
export async function startControlPlane(
  options: ControlPlaneOptions,
  deps: ControlPlaneDeps,
): Promise<RunningControlPlane> {
  const parts = makeParts(options, deps);
  const { follower, publisher, members, grpc, http } = parts;
  follower.onChange(({ state, position, members }) => publisher.offer(state, position, members));
  members.start();
  parts.names.start();
  try {
    const grpcAddress = await grpc.listen(options.grpcAddress);
    const httpAddress = await http.listen(options.httpAddress);
    follower.start();
    return { grpcAddress, httpAddress, stop: () => stop(parts, deps) };
  } catch (error) {
    await stop(parts, deps);
    throw error;
  }
}

type Parts = ReturnType<typeof makeParts>;

function makeParts({ dashboardHosts = [] }: ControlPlaneOptions, deps: ControlPlaneDeps) {
  const { store, clock, logger, tokens, logLinesDropped = () => 0 } = deps;
  const run = { stopping: false };
  const metrics = new ControlPlaneMetrics();
  const streams = new OpenStreams();
  const onStatus = (status: FollowerStatus) => {
    grpc.setServing(status.ready && !run.stopping);
    const outdated = outdatedError(status);
    if (outdated !== null) streams.endAll(outdated);
    if (status.ready) logger.info({ revision: follower.current()?.position.revision }, 'the store was read');
    else
      logger.warn(
        { store: store.description, reason: status.reason },
        'the store does not answer; trying again',
      );
  };
  const core = makeCore(deps, metrics, onStatus);
  const { follower, fleet, publisher } = core;
  metrics.observe({
    follower,
    fleet,
    storeSizeBytes: () => store.sizeBytes(),
    keptLog: () => keptLog(store, clock.wallMs()),
    logLinesDropped,
  });
  const reports = reportService({
    fleet,
    streams,
    clock,
    logger,
    replicaId: randomUUID(),
    status: () => ({
      position: follower.current()?.position ?? null,
      storeAgeMs: follower.storeAgeMs(),
      stopping: run.stopping,
    }),
  });
  const definitions = loadDefinitions().services;
  const services = apiServices(makeApi(core, streams, deps));
  const encode = definitions.discovery.StreamSnapshots.responseSerialize;
  const discovery = discoveryHandlers({
    publisher,
    encoder: new DeltaEncoder(encode),
    encode,
    readStore: (claimed, proxyAhead) => readStoreFor(follower, store, claimed, proxyAhead),
    onNack: metrics.countNack,
    streams,
    clock,
    logger,
  });
  const grpc = new GrpcServer(
    [
      ...services,
      { definition: definitions.reports, handlers: reports.handlers },
      { definition: preEncoded(definitions.discovery), handlers: discovery },
    ],
    {
      onCall: metrics.countCall,
      refuse: (path, authorization) =>
        refuseCall(tokens, path, authorization) ?? refuseOutdatedCall(follower.status(), path),
      isOpen: (path) => path.startsWith(HEALTH_METHODS),
      clock,
      logger,
    },
  );
  const http = makeHttp({ ...core, streams, services, metrics, run, dashboardHosts, deps });
  return { run, ...core, streams, reports, grpc, http };
}

/** What follows and changes the store, and what knows the fleet. */
function makeCore(
  {
    store,
    memberStore,
    clock,
    random,
    logger,
    resolver,
    rosterGraceMs,
    retention: limits = RETENTION,
  }: ControlPlaneDeps,
  { countAppend: onAppend, countResolution }: ControlPlaneMetrics,
  onStatus: (status: FollowerStatus) => void,
) {
  const follower = new LogFollower({
    store,
    memberStore,
    clock,
    random,
    onStatus,
    onIgnored: (message) => logger.warn(message),
  });
  const committerOn = (log: LogFollower) => new Committer({ store, follower: log, clock, random, onAppend });
  const committer = committerOn(follower);
  const checkpointer = new Checkpointer({
    store,
    follower,
    clock,
    random,
    logger,
    newWriter: randomUUID,
    limits,
  });
  const publisher = new Publisher(clock);
  const fleet = new Fleet(clock, rosterGraceMs);
  const stats = new FleetStats({ fleet, follower, clock });
  const events = recordEvents({ fleet, follower, clock });
  const members = new Members({ proxies: fleet, follower, memberStore, clock, logger });
  const names = new Names({
    follower,
    memberStore,
    resolver,
    instanceId: randomUUID(),
    clock,
    logger,
    onResolved: countResolution,
  });
  fleet.on('health', (_, transitions) => {
    for (const each of transitions)
      if ('address' in each && each.health !== 'HEALTH_HEALTHY') names.doubt(each.pool, each.address);
  });
  return { follower, committer, committerOn, checkpointer, publisher, fleet, stats, events, members, names };
}

function makeApi(
  { follower, committer, committerOn, fleet, stats, events, members }: ReturnType<typeof makeCore>,
  streams: OpenStreams,
  { store, clock, random, logger }: ControlPlaneDeps,
): ApiDeps {
  const guard: GuardSources = {
    fleet: () => fleetFacts(fleet),
    recentMost: (pool) => follower.mostActiveLately(pool),
    withRegistered: (state) => mergeMembers(state, follower.current()?.members ?? []).state,
  };
  const current = () => follower.current()?.state ?? null;
  const changeOn = (made: Committer) => makeChangeWith({ current, committer: made, guard, clock });
  return {
    follower,
    fleet,
    stats,
    events,
    members,
    streams,
    unary: unaryWith(clock, logger),
    change: changeOn(committer),
    changeOnFreshLog: (...request) =>
      changeOn(committerOn(new LogFollower({ store, clock, random, adopts: true })))(...request),
    revisions: new RevisionReader(store, follower),
    clock,
    logger,
  };
}

async function stop(parts: Parts, { store, clock }: ControlPlaneDeps): Promise<void> {
  const { run, follower, committer, checkpointer, publisher, fleet, stats, members, names } = parts;
  const { streams, reports, grpc, http } = parts;
  /** A store that does not answer must not delay the stop; the callers of pending changes learn that they may have failed. */
  const bounded = (work: Promise<unknown>) => Promise.race([work, sleep(clock, STORE_TIMEOUT_MS)]);
  run.stopping = true;
  grpc.setServing(false);
  reports.sendStatus();
  // Pending changes are finished first; later ones are refused with an error.
  await bounded(Promise.all([committer.close(), checkpointer.stop(), follower.stop()]));
  streams.endAll(new LbError('UNAVAILABLE', 'the control plane is stopping'));
  await grpc.stop();
  http.close();
  await bounded(Promise.all([names.stop(), members.stop()]));
  publisher.stop();
  stats.stop();
  fleet.stop();
  await bounded(store.close());
}
