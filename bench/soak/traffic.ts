/** Clients of every kind, each with one connection after the other, every byte checked on its way back. */
import { setTimeout as wait } from 'node:timers/promises';
import { CheckedConversation } from '../../harness/engine/checked-conversation.ts';

type Visit = (conversation: CheckedConversation, round: number) => Promise<void>;

/** What one connection does, and how many clients do it side by side. */
const KINDS: Readonly<Record<string, { readonly clients: number; readonly visit: Visit }>> = {
  'keep-alive': {
    clients: 20,
    async visit(conversation, round) {
      for (let exchange = 0; exchange < 200; exchange += 1) {
        await conversation.exchange(1 + ((round + exchange * 37) % 5_000));
      }
      await conversation.end();
    },
  },
  'a connection each': {
    clients: 10,
    async visit(conversation, round) {
      await conversation.exchange(1 + (round % 20_000));
      await conversation.end();
    },
  },
  bulk: {
    clients: 2,
    async visit(conversation) {
      for (let exchange = 0; exchange < 20; exchange += 1) await conversation.exchange(1_000_000);
      await conversation.end();
    },
  },
  'slow reader': {
    clients: 5,
    async visit(conversation) {
      conversation.socket.pause();
      const heard = conversation.exchange(1_000_000);
      await wait(2_000);
      conversation.socket.resume();
      await heard;
      await conversation.end();
    },
  },
  reset: {
    clients: 5,
    async visit(conversation, round) {
      await conversation.exchange(1 + (round % 1_000));
      conversation.socket.resetAndDestroy();
    },
  },
};

export class SoakTraffic {
  /** One line each. */
  readonly failures: string[] = [];
  connections = 0;
  bytes = 0;
  #isStopping = false;
  readonly #clients: readonly Promise<void>[];

  constructor(port: number) {
    this.#clients = Object.entries(KINDS).flatMap(([kind, { clients, visit }]) =>
      Array.from({ length: clients }, (_, client) => this.#loop(port, kind, client, visit)),
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  async #loop(port: number, kind: string, client: number, visit: Visit): Promise<void> {
    for (let round = client; !this.#isStopping; round += 1) {
      try {
        const conversation = await CheckedConversation.open(port, round);
        await visit(conversation, round);
        this.connections += 1;
        this.bytes += conversation.heard;
      } catch (error) {
        this.failures.push(`${kind}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}
