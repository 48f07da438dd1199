/**
 * Runs an engine in a worker thread, and passes the thread's messages on.
 *
 * Node's own loop does not run while an engine loops by itself: there is no timer and no event of the port. So messages
 * are fetched when the engine was woken, and the sender writes the eventfd after each message. Who has something else for
 * the thread to look at (`woken`) writes it too.
 *
 * The body of the loop is a function call, because V8 checks for a request to end the thread when a function is entered.
 * With the body inline around a wait, the thread could not be ended.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Engine } from './engine.ts';

/** Returns when `isStopped`, for an engine that loops by itself; else at once, and the engine runs on Node's loop. */
export function runEngine<Message>(
  engine: Engine,
  port: MessagePort,
  handle: (message: Message) => void,
  woken: () => void,
  isStopped: () => boolean,
): void {
  const { turn } = engine;
  if (turn === null) {
    port.on('message', handle);
    return;
  }
  // Messages that came before the first turn have not woken the engine.
  fetchAll(port, handle);
  while (!isStopped()) step(turn, port, handle, woken);
}

function step<Message>(
  turn: () => boolean,
  port: MessagePort,
  handle: (message: Message) => void,
  woken: () => void,
): void {
  if (!turn()) return;
  fetchAll(port, handle);
  woken();
}

function fetchAll<Message>(port: MessagePort, handle: (message: Message) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    handle(next.message as Message);
  }
}
