/** The dashboard's live stream as a list of events that are waited for. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { eventually, type Scope } from '../programs/processes.ts';

export interface HeardEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

export class EventReader {
  readonly heard: HeardEvent[] = [];
  /** How it ended: null while it is open. */
  ended: 'in order' | 'cut off' | null = null;
  #rest = '';

  private constructor(response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.once('end', () => (this.ended ??= 'in order'));
    response.once('error', () => (this.ended ??= 'cut off'));
  }

  /** Rejects when the answer is no stream. */
  static open(scope: Scope, url: string): Promise<EventReader> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(url, { agent: false }, (response) => {
        if (response.statusCode === 200) resolve(new EventReader(response));
        else reject(new Error(`it answered ${response.statusCode}`));
        if (response.statusCode !== 200) response.resume();
      });
      request.once('error', reject);
      request.end();
      scope.after(() => void request.destroy());
    });
  }

  /** The first event, past or to come, that holds. */
  until(holds: (heard: HeardEvent) => boolean, what: string): Promise<HeardEvent> {
    return eventually(async () => this.heard.find(holds), what);
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const found = /^event: (.*)\ndata: (.*)$/.exec(block);
      if (found === null) continue;
      this.heard.push({
        event: found[1] ?? '',
        data: JSON.parse(found[2] ?? '{}') as Record<string, unknown>,
      });
    }
  }
}
