/** The links of the fault runs do to a connection what the script says, and no more. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Link } from '../../faults/link.ts';
import { ask, dial, readAll, TcpServer, within } from '../../../harness/engine/tcp.ts';

describe('a link', () => {
  let server: TcpServer;
  let link: Link;
  /** At the far end. */
  let arrived: string[];
  const port = () => Number(link.endpoint.split(':').at(-1));
  const client = () => dial(port());
  beforeEach(async () => {
    arrived = [];
    server = await TcpServer.start((socket) => {
      socket.on('data', (bytes) => {
        arrived.push(String(bytes));
        socket.write(`far:${String(bytes)}`);
      });
      socket.resume();
    });
    link = await Link.start(server.address, /write/);
  });
  afterEach(async () => {
    await link.close();
    server.stop();
  });

  it('that is cut resets what is open and what is opened, until it is whole again', async () => {
    const socket = await client();
    assert.equal(await ask(socket, 'hello'), 'far:hello');
    link.set('cut');
    await within('the reset', readAll(socket));
    assert.notEqual((await readAll(connect(port(), '127.0.0.1'))).how, 'end');
    link.set(null);
    assert.equal(await ask(await client(), 'again'), 'far:again');
  });

  it('that is lossy loses an answer to a write, then a write, and passes what is neither', async () => {
    link.set('lossy');
    const tell = async (text: string) => {
      const socket = await client();
      socket.write(text);
      return (await within('the end', readAll(socket))).text;
    };
    assert.equal(await ask(await client(), 'read'), 'far:read');
    assert.equal(await tell('write 1'), '');
    assert.equal(await tell('write 2'), '');
    link.set(null);
    assert.equal(await ask(await client(), 'write 3'), 'far:write 3');
    assert.deepEqual(arrived, ['read', 'write 1', 'write 3']);
  });
});
