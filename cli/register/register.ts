/** `lbctl register`. */
import { randomUUID } from 'node:crypto';
import { parseAddress } from '../../core/model/address.ts';
import { REGISTRATION_TTL_MS } from '../../core/model/registration.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { Registrar } from './registrar.ts';
import { runCommand } from './run-command.ts';

/** For the control plane to hear that the command has ended. */
const FAREWELL_MS = 2_000;

export interface RegisterOptions {
  readonly weight?: number;
  readonly ttl: number;
  readonly drainWait: number;
}

/** Exits as the command did, whatever became of its registration. */
export async function register(
  context: Context,
  pool: string,
  address: string,
  command: readonly string[],
  { weight, ttl, drainWait }: RegisterOptions,
): Promise<ExitCode> {
  const parsed = parseAddress(address);
  if (!parsed.ok) throw new CliError(EXIT.usage, parsed.description);
  const { min, max } = REGISTRATION_TTL_MS;
  if (ttl < min || ttl > max) throw new CliError(EXIT.usage, `--ttl ${ttl / 1_000}s: allowed is 2s to 5m`);
  let registrar: Registrar | undefined;
  const instanceId = randomUUID();
  const code = await runCommand(command, {
    started() {
      const wanted = { pool, address: parsed.value.canonical, ttlMs: ttl, instanceId };
      registrar = new Registrar(context, weight === undefined ? wanted : { ...wanted, weight });
    },
    ending: async () => registrar?.leave(drainWait),
    failed: (message) => tell(context, `lbctl: ${message}`),
  });
  await registrar?.leave(FAREWELL_MS);
  // The command's own exit code, which is no code of ours.
  return code as ExitCode;
}
