// Which rows of a table are shown, and in which order. Pure.

/** The text of an element or of a list of them, as a reader sees it. */
function textOf(node) {
  if (Array.isArray(node)) return node.map(textOf).join(' ');
  if (node === null || node === undefined || node === false) return '';
  return typeof node === 'object' ? textOf(node.children) : String(node);
}

/** What a column sorts by: its own value, or the text that it shows. */
const valueIn = ({ value, show }, row) => (value === undefined ? textOf(show(row)) : value(row));

/**
 * `search`: words that a row must have, in any of its cells; `filters`: by column, the word that its `filter` must give;
 * `sort`: a column, with a minus before it for the largest first. Rows without a value come last in either order.
 */
export function arrange(rows, columns, { search = '', filters = {}, sort = '' }) {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const wanted = columns.filter(({ head, filter }) => filter !== undefined && (filters[head] ?? '') !== '');
  const found = rows.filter((row) => {
    if (!wanted.every(({ head, filter }) => filter(row) === filters[head])) return false;
    if (words.length === 0) return true;
    const text = columns
      .map(({ show }) => textOf(show(row)))
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const column = columns.find(({ head }) => head === sort.replace(/^-/, ''));
  if (column === undefined) return found;
  const direction = sort.startsWith('-') ? -1 : 1;
  return found
    .map((row) => [valueIn(column, row), row])
    .sort(([a], [b]) => compare(a, b, direction))
    .map(([, row]) => row);
}

function compare(a, b, direction) {
  const [missing, other] = [isMissing(a), isMissing(b)];
  if (missing || other) return Number(missing) - Number(other);
  if (typeof a === 'number' && typeof b === 'number') return (a - b) * direction;
  return String(a).localeCompare(String(b), 'en', { numeric: true }) * direction;
}

const isMissing = (value) => value === null || value === undefined || value === '' || value === '–';

/** What a click on the heading of a column sorts by: numbers begin with the largest; the third click sorts no more. */
export function nextSort(sort, { head, kind }) {
  const [first, second] = kind === 'number' ? [`-${head}`, head] : [head, `-${head}`];
  if (sort === first) return second;
  return sort === second ? '' : first;
}

/** The words that a filter can choose from. */
export const choicesOf = (rows, { filter }) =>
  [...new Set(rows.map(filter))].filter((word) => word !== '').sort((a, b) => a.localeCompare(b));
