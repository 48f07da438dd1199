/** The client of many quiet connections. */
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { ClientAnswer, ClientQuestion } from '../load/idle-protocol.ts';
import { answerQuestions } from './answering.ts';

/** Connects under way at once: fewer than any backlog. */
const AT_ONCE = 100;
const ANSWER_DEADLINE_MS = 10_000;
const TICK_MS = 5;
const BYTE = Buffer.from('x');

const sockets = new Set<Socket>();
/** Who waits for an answer on a connection. */
const waiting = new Map<Socket, (answered: boolean) => void>();

function open(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, noDelay: true });
    const gone = () => {
      sockets.delete(socket);
      answered(socket, false);
      resolve(false);
    };
    socket.once('connect', () => {
      sockets.add(socket);
      void touch(socket).then(resolve);
    });
    socket.on('data', () => answered(socket, true));
    socket.once('error', gone).once('close', gone);
  });
}

function answered(socket: Socket, good: boolean): void {
  waiting.get(socket)?.(good);
  waiting.delete(socket);
}

/** A byte each way. */
function touch(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => answered(socket, false), ANSWER_DEADLINE_MS);
    waiting.set(socket, (good) => {
      clearTimeout(timer);
      resolve(good);
    });
    socket.write(BYTE);
  });
}

/** Does `count` things, a hundred at a time. */
async function inTurn(count: number, action: (index: number) => Promise<boolean>): Promise<ClientAnswer> {
  const state = { next: 0, good: 0 };
  const lane = async () => {
    while (state.next < count) {
      const index = state.next;
      state.next += 1;
      if (await action(index)) state.good += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
  return { good: state.good, failed: count - state.good };
}

async function askAtRate(perSecond: number, seconds: number): Promise<ClientAnswer> {
  const all = [...sockets];
  const started = performance.now();
  const results: Promise<boolean>[] = [];
  for (let elapsed = 0; elapsed < seconds * 1_000; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed / 1_000) * perSecond);
    while (results.length < due) {
      const socket = all[results.length % all.length];
      // One that has not answered yet is left alone.
      if (socket !== undefined && !waiting.has(socket)) results.push(touch(socket));
      else results.push(Promise.resolve(false));
    }
    await wait(TICK_MS);
  }
  const outcomes = await Promise.all(results);
  const good = outcomes.filter((outcome) => outcome).length;
  return { good, failed: outcomes.length - good };
}

function close(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve(true));
    socket.end();
  });
}

answerQuestions<ClientQuestion, ClientAnswer>((question) => {
  const all = [...sockets];
  switch (question.do) {
    case 'open':
      return inTurn(question.count, () => open(question.host, question.port));
    case 'touch':
      return inTurn(all.length, (index) => touch(all[index] as Socket));
    case 'ask':
      return askAtRate(question.perSecond, question.seconds);
    case 'close':
      return inTurn(all.length, (index) => close(all[index] as Socket));
  }
});
