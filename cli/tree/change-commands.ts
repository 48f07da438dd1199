/** Commands that change one resource: create, set, delete. */
import type { BackendDraft } from '../../core/model/draft.ts';
import type { DeleteOptions } from '../commands/delete.ts';
import type { PolicyOptions } from '../commands/policy-options.ts';
import type { ChangeOptions } from '../session/change-fields.ts';
import type { AddCommands } from '../command.ts';
import { addChangeOptions, addPolicyOptions, backendSpec, collect, examples } from '../commands/options.ts';

const creation = () => import('../commands/create.ts');
const setting = () => import('../commands/set.ts');

export const addChangeCommands: AddCommands = (program, execute) => {
  addCreate(program, execute);
  addSet(program, execute);
  addChangeOptions(
    program
      .command('delete')
      .summary('delete a resource, or forget a proxy')
      .description('Deletes a resource that nothing refers to, or forgets a proxy that is gone for good.')
      .argument('<kind>', 'listener|pool|policy|backend|proxy')
      .argument('<name>', 'its name; a backend’s is POOL/ADDRESS')
      .option('--pool <POOL>', 'the pool that a backend is in'),
  )
    .addHelpText(
      'after',
      examples('lbctl delete listener web', 'lbctl delete pool web', 'lbctl delete proxy edge-1'),
    )
    .action((kind: string, name: string, options: DeleteOptions) =>
      execute(async (context, session) =>
        (await import('../commands/delete.ts')).deleteOne(context, session, kind, name, options),
      ),
    );
};

const addCreate: AddCommands = (program, execute) => {
  const create = program.command('create').summary('create a pool, a listener or a policy');
  create.description('Creates one resource. It must not exist yet; `lbctl apply` creates or replaces.');
  addChangeOptions(
    create
      .command('pool')
      .description('Creates a pool of backends.')
      .argument('<name>', 'a-z, 0-9 and -')
      .option('--backend <ADDR[,weight=N]>', 'IP:PORT, for IPv6 [IP]:PORT; repeatable', collect(backendSpec))
      .option('--policy <POLICY>', 'the policy it follows (left out: default)'),
  )
    .addHelpText(
      'after',
      examples(
        'lbctl create pool web --backend 10.0.0.1:8080,weight=2 --backend 10.0.0.2:8080 --policy steady',
      ),
    )
    .action((name: string, options: ChangeOptions & { policy?: string; backend?: BackendDraft[] }) =>
      execute(async (context, session) => (await creation()).createPool(context, session, name, options)),
    );
  addChangeOptions(
    create
      .command('listener')
      .description('Creates a listener: an address that the proxies accept connections on.')
      .argument('<name>', 'a-z, 0-9 and -')
      .requiredOption('--address <ADDR>', 'IP:PORT, for IPv6 [IP]:PORT')
      .requiredOption('--pool <POOL>', 'the pool that serves it'),
  )
    .addHelpText('after', examples('lbctl create listener web --address 0.0.0.0:80 --pool web --wait'))
    .action((name: string, options: ChangeOptions & { address: string; pool: string }) =>
      execute(async (context, session) => (await creation()).createListener(context, session, name, options)),
    );
  addChangeOptions(
    addPolicyOptions(
      create
        .command('policy')
        .description(
          'Creates a policy: strategy, health checks, timeouts. What is left out takes its default.',
        )
        .argument('<name>', 'a-z, 0-9 and -'),
    ),
  )
    .addHelpText('after', examples('lbctl create policy steady --strategy least_connections --interval 2s'))
    .action((name: string, options: ChangeOptions & PolicyOptions) =>
      execute(async (context, session) => (await creation()).createPolicy(context, session, name, options)),
    );
};

const addSet: AddCommands = (program, execute) => {
  const set = program.command('set').summary('change fields of a policy, a pool or a listener');
  set.description('Changes the fields that are named; the others stay. It takes effect on the fly.');
  addChangeOptions(
    addPolicyOptions(
      set.command('policy').description('Changes fields of a policy.').argument('<name>', 'of the policy'),
    ),
  )
    .addHelpText(
      'after',
      examples(
        'lbctl set policy default --strategy least_connections',
        'lbctl set policy steady --interval 2s --unhealthy-threshold 5 --wait',
      ),
    )
    .action((name: string, options: ChangeOptions & PolicyOptions) =>
      execute(async (context, session) => (await setting()).setPolicy(context, session, name, options)),
    );
  addChangeOptions(
    set
      .command('pool')
      .description('Changes the policy of a pool. Its backends: lbctl backend.')
      .argument('<name>', 'of the pool')
      .requiredOption('--policy <POLICY>', 'the policy it follows from now on'),
  )
    .addHelpText('after', examples('lbctl set pool web --policy steady'))
    .action((name: string, options: ChangeOptions & { policy: string }) =>
      execute(async (context, session) => (await setting()).setPool(context, session, name, options)),
    );
  addChangeOptions(
    set
      .command('listener')
      .description('Changes the pool or the address of a listener.')
      .argument('<name>', 'of the listener')
      .option('--pool <POOL>', 'the pool that serves it from now on')
      .option('--address <ADDR>', 'IP:PORT, for IPv6 [IP]:PORT'),
  )
    .addHelpText('after', examples('lbctl set listener web --pool green --wait    # blue/green in one step'))
    .action((name: string, options: ChangeOptions & { pool?: string; address?: string }) =>
      execute(async (context, session) => (await setting()).setListener(context, session, name, options)),
    );
};
