/** As much of PostgreSQL's protocol 3 as a client needs that the server trusts, and that sends simple queries. */
import type { Answer, Protocol } from './wire.ts';

const VERSION_3 = 0x00_03_00_00;
const USER = 'postgres';

/** A message: its type, its length with these four bytes, its content. */
function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(type.length + 4);
  head.write(type, 'latin1');
  head.writeUInt32BE(content.length + 4, type.length);
  return Buffer.concat([head, content]);
}

/** `C` is the code and `M` the text of an error. */
function errorText(content: Buffer): string {
  const fields = content.toString('utf8').split('\0');
  const field = (name: string) => fields.find((each) => each.startsWith(name))?.slice(1) ?? '';
  return `${field('C')} ${field('M')}`;
}

function firstColumn(content: Buffer): string {
  const length = content.readInt32BE(2);
  return length < 0 ? '' : content.toString('utf8', 6, 6 + length);
}

export const POSTGRES: Protocol = {
  port: 5432,
  greets: false,
  hello() {
    const version = Buffer.alloc(4);
    version.writeUInt32BE(VERSION_3);
    const words = Buffer.from(`user\0${USER}\0database\0postgres\0\0`);
    return message('', Buffer.concat([version, words]));
  },
  encode: (command) => message('Q', Buffer.from(`${command}\0`)),
  /** An answer ends with ReadyForQuery, or with an error after which the server hangs up. */
  parse(input): Answer | undefined {
    const rows: string[] = [];
    let refused: string | undefined;
    for (let at = 0; input.length >= at + 5; ) {
      const type = String.fromCharCode(input[at] ?? 0);
      const next = at + 1 + input.readUInt32BE(at + 1);
      if (input.length < next) return undefined;
      const content = input.subarray(at + 5, next);
      at = next;
      if (type === 'D') rows.push(firstColumn(content));
      if (type === 'E') refused = errorText(content);
      const isFatal = type === 'E' && content.includes('SFATAL\0');
      if (type === 'Z' || isFatal) return { length: at, rows, ...(refused !== undefined && { refused }) };
    }
    return undefined;
  },
  whoAreYou: 'SELECT host(inet_server_addr())',
  addressOf: (row) => row,
};
