/** Options that several commands have, and the parsers of their values. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_CONNECTIONS, MAX_TIER, MAX_WEIGHT } from '../../core/model/defaults.ts';
import { duration, hostPortList, integer, type Parse, tokenFile } from '../../core/runtime/flags.ts';
import { FORMATS } from '../context.ts';

export const ADDRESS_FORM = 'IP:PORT, for IPv6 [IP]:PORT';

export const weight = integer(0, MAX_WEIGHT);
export const tier = integer(0, MAX_TIER);
export const maxConnections = integer(0, MAX_CONNECTIONS);

/** Options of every command, accepted before and after its name. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('--server <HOST:PORT,...>', 'addresses of control planes, tried in this order')
        .env('LBCTL_SERVER')
        .argParser(hostPortList)
        .default(['127.0.0.1:7000'], '127.0.0.1:7000'),
    )
    .addOption(
      new Option('--token-file <FILE>', 'file with the token that is sent with every call')
        .env('LBCTL_TOKEN_FILE')
        .argParser(tokenFile),
    )
    .addOption(new Option('-o, --output <FORMAT>', 'output format').choices(FORMATS).default('table'))
    .addOption(
      new Option('--timeout <DURATION>', 'how long to keep trying and waiting, such as 5s or 1m30s')
        .argParser(positiveDuration)
        .default(30_000, '30s'),
    );
}

/** Adds the options that every changing command has, and its examples. */
export function changing(command: Command, ...lines: readonly string[]): Command {
  return command
    .option('--wait', 'wait until every proxy runs the new revision')
    .option('--dry-run', 'check it and say what would change, but change nothing')
    .option('--message <TEXT>', 'the reason, for the history')
    .option('--force', 'override the guard')
    .addHelpText('after', examples(...lines));
}

export function addWeight(command: Command): Command {
  return command.addOption(
    new Option('--weight <N>', 'share of the connections, 0 to 1000; 0 takes no new ones').argParser(weight),
  );
}

/** Weight, tier and limit. */
export function addPlace(command: Command): Command {
  const words = 'it serves while nothing of the tiers before is healthy; 0 to 15';
  return addWeight(command)
    .option('--tier <N>', words, tier)
    .option('--max-connections <N>', 'open connections of a proxy to it; 0: any number', maxConnections);
}

/** For an option that may be given several times. */
export function collect<T>(
  parse: Parse<T>,
): (text: string, previous: readonly T[] | undefined) => readonly T[] {
  return (text, previous) => [...(previous ?? []), parse(text)];
}

export const revisionNumber: Parse<string> = (text) => {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('Use the number of a revision, such as 42.');
  return text;
};

const positiveDuration: Parse<number> = (text) => {
  const ms = duration(text);
  if (ms <= 0) throw new InvalidArgumentError('Use more than 0s.');
  return ms;
};

/** Examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}
