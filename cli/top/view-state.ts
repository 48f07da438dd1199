/** What the person at the screen chose to see, and how keys change that. Pure. */
import { columnsOf } from './columns.ts';
import { type Key, NAMED } from './keys.ts';
import { type View, VIEWS } from './rows.ts';

export interface ViewState {
  readonly view: View;
  /** The key of the column. */
  readonly sort: string;
  readonly reversed: boolean;
  readonly filter: string;
  /** The filter is being typed. */
  readonly typing: boolean;
  /** The first row that is shown. */
  readonly offset: number;
  readonly quit: boolean;
}

export const FIRST_STATE: ViewState = {
  view: 'backends',
  sort: 'c',
  reversed: false,
  filter: '',
  typing: false,
  offset: 0,
  quit: false,
};

const VIEW_KEYS: Readonly<Record<string, View>> = { b: 'backends', p: 'pools', l: 'listeners', x: 'proxies' };
const LONGEST_FILTER = 60;

/** `rows`: how many there are; `page`: how many fit. */
export function press(state: ViewState, key: Key, rows: number, page: number): ViewState {
  if (key === 'ctrl-c') return { ...state, quit: true };
  const last = Math.max(0, rows - page);
  const scrolled = scroll(Math.min(state.offset, last), key, last, page);
  if (scrolled !== null) return { ...state, offset: scrolled };
  if (state.typing) return type(state, key);
  const view = VIEW_KEYS[key];
  if (view !== undefined) return showView(state, view);
  if (key === 'tab')
    return showView(state, VIEWS[(VIEWS.indexOf(state.view) + 1) % VIEWS.length] ?? 'backends');
  if (key === 'q') return { ...state, quit: true };
  if (key === '/') return { ...state, typing: true };
  if (key === 'escape') return { ...state, filter: '', offset: 0 };
  if (key === 'r') return { ...state, reversed: !state.reversed, offset: 0 };
  if (!columnsOf(state.view).some((column) => column.key === key)) return state;
  return { ...state, sort: key, reversed: state.sort === key && !state.reversed, offset: 0 };
}

function showView(state: ViewState, view: View): ViewState {
  const isThere = columnsOf(view).some(({ key }) => key === state.sort);
  return { ...state, view, sort: isThere ? state.sort : FIRST_STATE.sort, offset: 0 };
}

function scroll(offset: number, key: Key, last: number, page: number): number | null {
  const moves: Readonly<Record<string, number>> = {
    up: offset - 1,
    down: offset + 1,
    pageup: offset - page,
    pagedown: offset + page,
    home: 0,
    end: last,
  };
  const to = moves[key];
  return to === undefined ? null : Math.max(0, Math.min(last, to));
}

function type(state: ViewState, key: Key): ViewState {
  if (key === 'enter') return { ...state, typing: false };
  if (key === 'escape') return { ...state, typing: false, filter: '', offset: 0 };
  if (key === 'backspace') return { ...state, filter: state.filter.slice(0, -1), offset: 0 };
  const isText = !NAMED.has(key) && state.filter.length < LONGEST_FILTER;
  return isText ? { ...state, filter: state.filter + key, offset: 0 } : state;
}
