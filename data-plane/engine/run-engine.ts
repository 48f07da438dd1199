/**
 * Runs an engine in a worker thread, and hands the thread's messages on.
 *
 * Inside the loop of an engine that waits by itself nothing of Node runs: no timer, no event of the port. So messages
 * are fetched when the engine was woken. Whoever posts one writes the eventfd after it.
 *
 * The body of the loop is a call: V8 looks for a request to end the thread when a function is entered. Written inline
 * around a wait, such a loop could not be ended at all.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Engine } from './engine.ts';

/**
 * For an engine that waits by itself it returns when `isStopped`; else at once, and Node's loop goes on. The type of
 * the messages is the caller's word for what the other end posts.
 */
export function drive<Message>(
  engine: Engine,
  port: MessagePort,
  handle: (message: Message) => void,
  isStopped: () => boolean,
): void {
  const { turn } = engine;
  if (turn === null) {
    port.on('message', handle);
    return;
  }
  // Messages that came before the first turn have woken nobody.
  fetchAll(port, handle);
  while (!isStopped()) step(turn, port, handle);
}

function step<Message>(turn: () => boolean, port: MessagePort, handle: (message: Message) => void): void {
  if (turn()) fetchAll(port, handle);
}

function fetchAll<Message>(port: MessagePort, handle: (message: Message) => void): void {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    handle(next.message as Message);
  }
}
