// Words, graphemes and occurrences in a text. All offsets are UTF-16 units, as the browser counts them.

const OPENERS = "([{⟨";
const CLOSERS = ")]}⟩";
// Not the apostrophe, prime, plus, minus or percent sign: they end names such as 3', Na+ and Cl-.
const EDGE = /[.,;:!?"“”„«»…¿¡、。，؛،؟]/u;
// Scripts that put no space between words: a run of them is cut by the browser's dictionary.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

// Where the bracket that opens at `from` closes; -1 where it does not.
function closes(text, from, end) {
  let depth = 0;
  for (let i = from; i < end; i += 1) {
    if (OPENERS.includes(text[i])) depth += 1;
    if (CLOSERS.includes(text[i])) depth -= 1;
    if (depth === 0) return i;
  }
  return -1;
}

// True where the bracket that ends [start, end) was opened inside it.
function opened(text, start, end) {
  let depth = 0;
  for (let i = end - 1; i >= start; i -= 1) {
    if (CLOSERS.includes(text[i])) depth += 1;
    if (OPENERS.includes(text[i])) depth -= 1;
    if (depth === 0) return true;
  }
  return false;
}

// Takes punctuation off both ends, but no bracket whose partner stays inside: "(R)-BINAP," gives "(R)-BINAP".
function withoutEdges(text, from, to) {
  let [start, end] = [from, to];
  for (;;) {
    if (end - start < 2) break;
    const [first, last] = [text[start], text[end - 1]];
    if (OPENERS.includes(first) && closes(text, start, end) === end - 1) [start, end] = [start + 1, end - 1];
    else if ("'‘’".includes(first) && "'‘’".includes(last)) [start, end] = [start + 1, end - 1];
    else if (EDGE.test(last)) end -= 1;
    else if (CLOSERS.includes(last) && !opened(text, start, end)) end -= 1;
    else if (EDGE.test(first)) start += 1;
    else if (OPENERS.includes(first) && closes(text, start, end) === -1) start += 1;
    else break;
  }
  return start < end ? [start, end] : [from, to];
}

class Words {
  constructor(text) {
    this.text = text;
    this.graphemes = typeof Intl.Segmenter === "function" ? new Intl.Segmenter().segment(text) : null;
    this.runs = [];
    for (const found of text.matchAll(/\S+/gu)) {
      if (this.graphemes && UNSPACED.test(found[0])) {
        for (const part of new Intl.Segmenter(undefined, { granularity: "word" }).segment(found[0])) {
          this.runs.push([found.index + part.index, found.index + part.index + part.segment.length]);
        }
      } else {
        this.runs.push([found.index, found.index + found[0].length]);
      }
    }
    this.list = this.runs.map(([start, end]) => withoutEdges(text, start, end));
  }

  // The grapheme that holds the unit at `at`, as [start, end).
  #grapheme(at) {
    if (this.graphemes) {
      const found = this.graphemes.containing(at);
      return [found.index, found.index + found.segment.length];
    }
    const low = /[\udc00-\udfff]/.test(this.text[at]) && /[\ud800-\udbff]/.test(this.text[at - 1] ?? "");
    const start = low ? at - 1 : at;
    return [start, start + (this.text.codePointAt(start) > 0xffff ? 2 : 1)];
  }

  before(at) {
    return at <= 0 ? 0 : this.#grapheme(at - 1)[0];
  }

  after(at) {
    return at >= this.text.length ? this.text.length : this.#grapheme(at)[1];
  }

  // Widens [start, end) so that it splits no grapheme.
  whole(start, end) {
    const from = start >= this.text.length ? this.text.length : this.#grapheme(start)[0];
    return [from, end <= 0 ? 0 : this.#grapheme(end - 1)[1]];
  }

  // The index of the first word that ends after `at`.
  indexAt(at) {
    let [low, high] = [0, this.list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.runs[middle][1] > at) high = middle;
      else low = middle + 1;
    }
    return Math.min(low, Math.max(this.list.length - 1, 0));
  }

  // The index of the first word that starts at `at` or after it; the last word where none does.
  indexFrom(at) {
    const found = this.list.findIndex((word) => word[0] >= at);
    return found === -1 ? this.list.length - 1 : found;
  }

  // What a person meant by a rough [start, end): whole words, or whole characters where `fine`; null where only space.
  snap(start, end, fine) {
    let [from, to] = [start, end];
    while (!fine && from < to && /\s/u.test(this.text[from])) from += 1;
    while (!fine && from < to && /\s/u.test(this.text[to - 1])) to -= 1;
    if (from >= to) return null;
    if (fine) return this.whole(from, to);
    const first = this.runs[this.indexAt(from)];
    const last = this.runs[this.indexAt(to - 1)];
    return this.whole(...withoutEdges(this.text, first[0], last[1]));
  }

  // The next or previous edge for the end (or the start) of a span, by words.
  edge(at, forward, ofEnd) {
    const edges = this.list.map((word) => word[ofEnd ? 1 : 0]);
    const found = forward ? edges.find((x) => x > at) : edges.findLast((x) => x < at);
    return found ?? at;
  }

  // Every place where `mention` stands as a whole word; a hyphen binds, so "ethyl" is not found in "ethyl-benzene".
  occurrences(mention) {
    const literal = mention.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    const letter = "[\\p{L}\\p{N}\\p{M}]";
    const hyphen = "[-\u2010\u2011]";
    const pattern = `(?<!${letter}|${letter}${hyphen})${literal}(?!${letter}|${hyphen}${letter})`;
    return [...this.text.matchAll(new RegExp(pattern, "gu"))].map((m) => [m.index, m.index + m[0].length]);
  }
}
