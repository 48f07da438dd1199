/** As much of MySQL's protocol as a client needs whose user has no password, and that sends plain queries. */
import type { Answer, Protocol } from './wire.ts';

const USER = 'trial';
const HEAD = 4;
const COM_QUERY = 3;
const UTF8MB4 = 45;
/** CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH. */
const CAPABILITIES = 0x00_00_02_00 | 0x00_00_80_00 | 0x00_08_00_00;
const [OK, ERROR, END_OF_ROWS] = [0x00, 0xff, 0xfe];

function packet(sequence: number, content: Buffer): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUIntLE(content.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, content]);
}

/** The whole packets at the start of the input, with the position after each. */
function* packetsOf(input: Buffer): Generator<{ readonly content: Buffer; readonly end: number }> {
  for (let at = 0; input.length >= at + HEAD; ) {
    const end = at + HEAD + input.readUIntLE(at, 3);
    if (input.length < end) return;
    yield { content: input.subarray(at + HEAD, end), end };
    at = end;
  }
}

/** A row's first text; none of ours is longer than 250 bytes, so its length is one byte. */
function firstColumn(content: Buffer): string {
  const length = content[0] ?? 0;
  return content.toString('utf8', 1, 1 + length);
}

const isEnd = (content: Buffer) => content[0] === END_OF_ROWS && content.length < 9;

export const MYSQL: Protocol = {
  port: 3306,
  greets: true,
  hello() {
    const fixed = Buffer.alloc(32);
    fixed.writeUInt32LE(CAPABILITIES, 0);
    fixed.writeUInt32LE(0xff_ff_ff, 4);
    fixed[8] = UTF8MB4;
    return packet(1, Buffer.concat([fixed, Buffer.from(`${USER}\0\0mysql_native_password\0`)]));
  },
  encode: (command) => packet(0, Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(command)])),
  /** OK, an error, or: the number of columns, their descriptions, an end, the rows, an end. */
  parse(input): Answer | undefined {
    const rows: string[] = [];
    let ends = 0;
    let isFirst = true;
    for (const { content, end } of packetsOf(input)) {
      if (content[0] === ERROR) {
        const refused = `${content.readUInt16LE(1)} ${content.toString('utf8', 3)}`;
        return { length: end, rows: [], refused };
      }
      if (isFirst && content[0] === OK) return { length: end, rows: [] };
      if (isEnd(content)) ends += 1;
      else if (ends === 1) rows.push(firstColumn(content));
      if (ends === 2) return { length: end, rows };
      isFirst = false;
    }
    return undefined;
  },
  whoAreYou: 'SELECT @@wsrep_node_address',
  addressOf: (row) => row,
};
