// Draws the text with its marks, and finds the place in the text for a place on the page and back.
// A line is a block; a long line is cut into pieces. Only pieces whose marks changed are drawn again.

const PIECE = 1500;
const TAG = 16;

function piecesOf(text) {
  const lines = [];
  let start = 0;
  for (const line of text.split("\n")) {
    const pieces = [];
    let from = start;
    const end = start + line.length;
    while (end - from > PIECE * 1.5) {
      const space = text.lastIndexOf(" ", from + PIECE);
      const cut = space > from ? space + 1 : from + PIECE;
      // Never between the halves of a surrogate pair.
      const to = /[\udc00-\udfff]/.test(text[cut]) ? cut + 1 : cut;
      pieces.push({ start: from, end: to, drawn: null });
      from = to;
    }
    pieces.push({ start: from, end, drawn: null });
    lines.push({ start, end, pieces });
    start = end + 1;
  }
  return lines;
}

// Gives each mark the lowest line of underlining that no mark it overlaps has.
function levels(marks) {
  const level = new Map();
  const ends = [];
  for (const mark of marks) {
    let free = ends.findIndex((end) => end <= mark.start);
    if (free === -1) free = ends.length;
    ends[free] = mark.end;
    level.set(mark, free);
  }
  return level;
}

const shortened = (name) => {
  const letters = [...name];
  return letters.length > TAG ? `${letters.slice(0, TAG - 1).join("")}…` : name;
};
const percent = (score) => (score === null || score === undefined ? "" : ` ${Math.round(score * 100)}%`);
const tagOf = (mark) =>
  mark.kind === "suggested" ? `${shortened(mark.label)}?${percent(mark.score)}` : shortened(mark.label);

class TextView {
  constructor(root, sheet) {
    this.root = root;
    this.sheet = sheet;
    this.starts = new WeakMap();
    this.marksOf = new WeakMap();
    this.pieces = [];
    this.length = 0;
  }

  load(text, direction) {
    this.text = text;
    this.pieces = [];
    const lines = document.createDocumentFragment();
    for (const line of piecesOf(text)) {
      const div = element("div", "se-line");
      div.dir = direction;
      for (const piece of line.pieces) {
        piece.node = element("span", "se-piece");
        div.append(piece.node);
        this.pieces.push(piece);
      }
      if (line.start === line.end) div.append(document.createElement("br"));
      lines.append(div);
    }
    this.root.replaceChildren(lines);
  }

  draw(marks, colourOf) {
    const level = levels(marks);
    let [first, n] = [0, marks.length];
    for (const piece of this.pieces) {
      while (first < n && marks[first].end <= piece.start) first += 1;
      const here = [];
      for (let i = first; i < n && marks[i].start < piece.end; i += 1) {
        if (marks[i].end > piece.start) here.push(marks[i]);
      }
      const drawn = here.map((m) => `${markKey(m)}:${level.get(m)}:${m.score}:${colourOf(m.label)}`).join("|");
      if (piece.drawn !== drawn) {
        piece.drawn = drawn;
        piece.node.replaceChildren(this.#segments(piece, here, level, colourOf));
      }
    }
  }

  #segments(piece, marks, level, colourOf) {
    const out = document.createDocumentFragment();
    const clip = (at) => Math.min(Math.max(at, piece.start), piece.end);
    const cuts = [...new Set([piece.start, piece.end, ...marks.flatMap((m) => [clip(m.start), clip(m.end)])])];
    cuts.sort((a, b) => a - b);
    for (let i = 0; i + 1 < cuts.length; i += 1) {
      const [start, end] = [cuts[i], cuts[i + 1]];
      const node = document.createTextNode(this.text.slice(start, end));
      this.starts.set(node, start);
      const over = marks.filter((m) => m.start < end && start < m.end);
      if (!over.length) {
        out.append(node);
        continue;
      }
      const segment = element("span", "se-seg");
      this.marksOf.set(segment, over);
      underline(segment, over, level, colourOf);
      segment.append(node);
      out.append(segment);
      for (const mark of over.filter((m) => m.end === end).sort((a, b) => b.start - a.start)) {
        // The name is generated content: it is no part of the text that a person copies or a test reads.
        const tag = element("span", `se-tag se-${mark.kind}`);
        tag.dataset.tag = tagOf(mark);
        tag.style.setProperty("--c", colourOf(mark.label));
        tag.setAttribute("aria-hidden", "true");
        this.marksOf.set(tag, [mark]);
        out.append(tag);
      }
    }
    return out;
  }

  // The place in the text that a place in the page stands for; null outside the text.
  offsetOf(node, offset) {
    if (!this.root.contains(node)) return null;
    if (node.nodeType === Node.TEXT_NODE) {
      const start = this.starts.get(node);
      return start === undefined ? null : start + offset;
    }
    const walker = document.createTreeWalker(this.root, NodeFilter.SHOW_TEXT);
    const next = node.childNodes[offset];
    if (next) {
      walker.currentNode = next;
      const text = next.nodeType === Node.TEXT_NODE ? next : walker.nextNode();
      return text ? this.starts.get(text) : this.text.length;
    }
    let last = node;
    while (last.lastChild) last = last.lastChild;
    walker.currentNode = last;
    const text = last.nodeType === Node.TEXT_NODE ? last : walker.previousNode();
    return text ? this.starts.get(text) + text.length : 0;
  }

  #pieceAt(at) {
    let [low, high] = [0, this.pieces.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pieces[middle].start <= at) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low];
  }

  // [node, offset] on the page for a place in the text; `ofEnd` prefers the end of the text before it.
  #placeOf(at, ofEnd) {
    const piece = this.#pieceAt(ofEnd ? Math.max(at - 1, 0) : at);
    const walker = document.createTreeWalker(piece.node, NodeFilter.SHOW_TEXT);
    let found = null;
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const start = this.starts.get(node);
      if (start > at || (start === at && ofEnd && found)) break;
      found = node;
    }
    if (!found) return [piece.node, 0];
    return [found, Math.min(at - this.starts.get(found), found.length)];
  }

  rangeOf(start, end) {
    const range = document.createRange();
    range.setStart(...this.#placeOf(start, false));
    range.setEnd(...this.#placeOf(end, true));
    return range;
  }

  lineDirection(at) {
    return getComputedStyle(this.#pieceAt(at).node.parentElement).direction;
  }

  // Frames laid over the text: {start, end, kind}. They cost no redrawing of the text below.
  frame(frames) {
    const origin = this.sheet.parentElement.getBoundingClientRect();
    const boxes = document.createDocumentFragment();
    for (const { start, end, kind } of frames) {
      for (const rect of linesOf(this.rangeOf(start, end).getClientRects())) {
        const box = element("div", `se-frame se-frame-${kind}`);
        box.style.left = `${rect.left - origin.left}px`;
        box.style.top = `${rect.top - origin.top}px`;
        box.style.width = `${rect.right - rect.left}px`;
        box.style.height = `${rect.bottom - rect.top}px`;
        boxes.append(box);
      }
    }
    this.sheet.replaceChildren(boxes);
  }

  reveal(start, end, scroller) {
    const rect = this.rangeOf(start, end).getBoundingClientRect();
    const view = scroller.getBoundingClientRect();
    const margin = 40;
    if (rect.top < view.top + margin) scroller.scrollTop += rect.top - view.top - margin;
    else if (rect.bottom > view.bottom - margin) scroller.scrollTop += rect.bottom - view.bottom + margin;
  }
}

// One rectangle a printed line.
function linesOf(rects) {
  const lines = [];
  for (const rect of rects) {
    if (rect.width < 0.5) continue;
    const line = lines.find((x) => Math.min(x.bottom, rect.bottom) - Math.max(x.top, rect.top) > rect.height / 2);
    if (!line) lines.push({ left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom });
    else {
      line.left = Math.min(line.left, rect.left);
      line.right = Math.max(line.right, rect.right);
      line.top = Math.min(line.top, rect.top);
      line.bottom = Math.max(line.bottom, rect.bottom);
    }
  }
  return lines;
}

// Stacked lines under the words, one a mark; dashed ones for suggestions. The tint is the innermost confirmed mark's.
function underline(segment, over, level, colourOf) {
  const [images, sizes, places] = [[], [], []];
  let deepest = 0;
  for (const mark of over) {
    const colour = colourOf(mark.label);
    const at = level.get(mark);
    deepest = Math.max(deepest, at);
    images.push(
      mark.kind === "confirmed"
        ? `linear-gradient(${colour}, ${colour})`
        : `repeating-linear-gradient(90deg, ${colour} 0 4px, transparent 4px 7px)`,
    );
    sizes.push("100% 2px");
    places.push(`0 calc(100% - ${6 - Math.min(at, 2) * 3}px)`);
  }
  const confirmed = over.filter((mark) => mark.kind === "confirmed");
  const inner = confirmed.sort((a, b) => a.end - a.start - (b.end - b.start))[0];
  if (inner) segment.style.setProperty("--tint", colourOf(inner.label));
  segment.classList.toggle("se-confirmed", Boolean(inner));
  segment.classList.toggle("se-suggested", over.some((mark) => mark.kind === "suggested"));
  segment.style.backgroundImage = images.join(", ");
  segment.style.backgroundSize = sizes.join(", ");
  segment.style.backgroundPosition = places.join(", ");
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
