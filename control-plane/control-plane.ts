/**
 * The composition root of a control plane: everything is made here, in order, and ends here, in the reverse.
 *
 * Invariants
 *  - it starts although its store does not answer: it says so, keeps trying, and is not ready until then;
 *  - `stop` ends within a bounded time, whoever is connected.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../core/runtime/clock.ts';
import { LbError } from '../core/runtime/errors.ts';
import type { HostPort } from '../core/runtime/flags.ts';
import type { Logger } from '../core/runtime/logger.ts';
import type { Random } from '../core/runtime/random.ts';
import type { AcceptedTokens } from '../core/runtime/token-file.ts';
import { loadDefinitions } from '../core/wire/definitions.ts';
import { refuseCall } from './access/call-access.ts';
import { refuseOutdated, steppedAside } from './access/format-gate.ts';
import { makeChangeWith } from './api/make-change.ts';
import type { ApiDeps } from './api/api-deps.ts';
import { apiServices } from './api/services.ts';
import { DeltaEncoder } from './distribution/delta-encoder.ts';
import { discoveryHandlers } from './distribution/discovery-service.ts';
import { Fleet } from './fleet/fleet.ts';
import { lookAtStore } from './distribution/store-reading.ts';
import { type ReportOptions, type ReportService, reportService } from './fleet/report-service.ts';
import { makeHttp } from './http/http-address.ts';
import { ControlPlaneMetrics } from './http/metrics.ts';
import { Memberships } from './store/members/memberships.ts';
import { unaryWith } from './rpc/unary.ts';
import { preEncoded } from './rpc/definition-wrappers.ts';
import { GrpcServer, type Service } from './rpc/grpc-server.ts';
import { OpenStreams } from './rpc/open-streams.ts';
import { fleetFacts } from './guard/fleet-facts.ts';
import type { GuardSources } from './guard/guarded-edit.ts';
import { mergeMembers } from './snapshot/merge.ts';
import { Publisher } from './snapshot/publish.ts';
import { FleetStats } from './fleet/fleet-stats.ts';
import { Checkpointer } from './store/log/checkpointer.ts';
import { Committer } from './store/log/committer.ts';
import type { ConfigStore } from './store/config-store.ts';
import { keptLog } from './store/log/kept-log.ts';
import { LogFollower } from './store/log/log-follower.ts';
import type { MembershipStore } from './store/members/membership-store.ts';
import { Past } from './store/log/past.ts';
import { RETENTION, type RetentionLimits } from './store/log/retention.ts';

/** For the store to settle what is under way when this replica stops. */
const STORE_TIMEOUT_MS = 3_000;

export interface ControlPlaneOptions {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  /** Names that the dashboard is asked for under, besides localhost and addresses. */
  readonly dashboardHosts?: readonly string[];
}

export interface ControlPlaneDeps {
  /** Closed by `stop`. */
  readonly store: ConfigStore;
  /** The members beside that log. */
  readonly membership: MembershipStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What every caller must know one of; left out: all are welcome. */
  readonly tokens?: AcceptedTokens;
  /** For tests: how long after its start an empty roster is not yet taken for one. */
  readonly rosterGraceMs?: number;
  /** For tests: how much of the log is kept. */
  readonly retention?: RetentionLimits;
  /** For the metrics. */
  readonly logLinesDropped?: () => number;
}

export interface RunningControlPlane {
  /** With the ports that were chosen. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  stop(): Promise<void>;
}

/** Throws LbError when an address can't be used. */
export async function startControlPlane(
  options: ControlPlaneOptions,
  deps: ControlPlaneDeps,
): Promise<RunningControlPlane> {
  const parts = makeParts(options, deps);
  const { follower, publisher, members, grpc, http } = parts;
  follower.onChange(({ state, position, members }) => publisher.offer(state, position, members));
  members.start();
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
  const { store, membership, clock, random, logger, tokens } = deps;
  const run = { stopping: false };
  const metrics = new ControlPlaneMetrics();
  const follower: LogFollower = new LogFollower({
    store,
    membership,
    clock,
    random,
    onStatus(status) {
      grpc.setServing(status.ready && !run.stopping);
      const aside = steppedAside(status);
      if (aside !== null) streams.endAll(aside);
      if (status.ready) logger.info({ revision: follower.current()?.position.revision }, 'the store is read');
      else logger.warn({ store: store.description, reason: status.reason }, 'the store is away: trying on');
    },
    onIgnored: (words) => logger.warn(words),
  });
  const committerOn = (log: LogFollower) =>
    new Committer({ store, follower: log, clock, random, onAppend: metrics.countAppend });
  const committer = committerOn(follower);
  const checkpointer = makeCheckpointer(deps, follower);
  const publisher = new Publisher(clock);
  const fleet = new Fleet(clock, deps.rosterGraceMs);
  const stats = new FleetStats({ fleet, follower, clock });
  const members = new Memberships({ fleet, follower, membership, clock, logger });
  const streams = new OpenStreams();
  metrics.observe({
    follower,
    fleet,
    storeSizeBytes: () => store.sizeBytes(),
    keptLog: () => keptLog(store, clock.wallMs()),
    logLinesDropped: deps.logLinesDropped ?? (() => 0),
  });
  const reports = makeReports({ follower, fleet, streams, run, deps });
  const api = makeApi({ follower, committer, committerOn, fleet, stats, members, streams, deps });
  const discovery = makeDiscovery({ publisher, follower, streams, metrics, deps });
  const services = apiServices(api);
  const grpc = new GrpcServer(
    [...services, { definition: loadDefinitions().services.reports, handlers: reports.handlers }, discovery],
    {
      onCall: metrics.countCall,
      refuse: (path, authorization) =>
        refuseCall(tokens, path, authorization) ?? refuseOutdated(follower.status(), path),
      clock,
      logger,
    },
  );
  const http = makeHttp({ follower, fleet, stats, streams, services, metrics, run, dashboardHosts, deps });
  const sources = { follower, committer, checkpointer, publisher, fleet, stats, members };
  return { run, ...sources, streams, reports, grpc, http };
}

function makeReports({
  follower,
  run,
  deps: { clock, logger },
  ...parts
}: Pick<ReportOptions, 'fleet' | 'streams'> & {
  readonly follower: LogFollower;
  readonly run: { readonly stopping: boolean };
  readonly deps: ControlPlaneDeps;
}): ReportService {
  return reportService({
    ...parts,
    clock,
    logger,
    standing: () => ({
      position: follower.current()?.position ?? null,
      storeAgeMs: follower.storeAgeMs(),
      stopping: run.stopping,
    }),
  });
}

function makeApi({
  committer,
  committerOn,
  deps: { store, clock, random, logger },
  ...parts
}: Pick<ApiDeps, 'follower' | 'fleet' | 'stats' | 'members' | 'streams'> & {
  readonly committer: Committer;
  readonly committerOn: (log: LogFollower) => Committer;
  readonly deps: ControlPlaneDeps;
}): ApiDeps {
  const { follower, fleet } = parts;
  const guard: GuardSources = {
    fleet: () => fleetFacts(fleet),
    earlier: (pool) => follower.activeTenMinutesAgo(pool),
    whole: (state) => mergeMembers(state, follower.current()?.members ?? []).state,
  };
  const changeOn = (made: Committer) => makeChangeWith({ committer: made, guard, clock });
  return {
    ...parts,
    unary: unaryWith(clock, logger),
    change: changeOn(committer),
    changeAnew: (...request) => changeOn(committerOn(new LogFollower({ store, clock, random })))(...request),
    past: new Past(store, follower),
    clock,
    logger,
  };
}

function makeCheckpointer(
  { store, clock, random, logger, retention: limits = RETENTION }: ControlPlaneDeps,
  follower: LogFollower,
): Checkpointer {
  return new Checkpointer({ store, follower, clock, random, logger, newWriter: randomUUID, limits });
}

function makeDiscovery({
  publisher,
  follower,
  streams,
  metrics,
  deps,
}: {
  readonly publisher: Publisher;
  readonly follower: LogFollower;
  readonly streams: OpenStreams;
  readonly metrics: ControlPlaneMetrics;
  readonly deps: ControlPlaneDeps;
}): Service {
  const { discovery } = loadDefinitions().services;
  const encode = discovery.StreamSnapshots.responseSerialize;
  const handlers = discoveryHandlers({
    publisher,
    encoder: new DeltaEncoder(encode),
    encode,
    look: (claimed, behind) => lookAtStore(follower, deps.store, claimed, behind),
    onNack: metrics.countNack,
    streams,
    clock: deps.clock,
    logger: deps.logger,
  });
  return { definition: preEncoded(discovery), handlers };
}

async function stop(parts: Parts, { store, clock }: ControlPlaneDeps): Promise<void> {
  const { run, follower, committer, checkpointer, publisher, fleet, stats, members } = parts;
  const { streams, reports, grpc, http } = parts;
  /** A store that is away must not hold up the end: what it still has to say is then unknown to the caller, too. */
  const bounded = (work: Promise<unknown>) => Promise.race([work, sleep(clock, STORE_TIMEOUT_MS)]);
  run.stopping = true;
  grpc.setServing(false);
  reports.tellStanding();
  // Changes under way are settled first; what comes after them is refused in words.
  await bounded(Promise.all([committer.close(), checkpointer.stop(), follower.stop()]));
  streams.endAll(new LbError('UNAVAILABLE', 'the control plane is stopping'));
  await grpc.stop();
  http.close();
  await bounded(members.stop());
  publisher.stop();
  stats.stop();
  fleet.stop();
  await bounded(store.close());
}
