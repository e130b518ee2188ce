"use strict";
// The error browser: gold and two arms, text under text. Nothing of a text is ever parsed as HTML.
// looked.texts[i]: [id, text, gold]; gold: [start, end, label] in code points, or [string, label] for values.
// looked.cells[c][i]: null where the arm has not this text, 0 where it has no error, else [predicted, missed, status?];
// predicted: [start, end, label, kind] or [string, label, kind], kind 0 is right; missed: places in gold.
const PAGE = 10;

function said(found, gold) { return found ? { predicted: found[0], missed: found[1], status: found[2] } : { predicted: gold.map(one => [...one, 0]), missed: [], status: undefined }; }
function kindsOf(found) { const kinds = new Set(found ? found[0].map(one => one.at(-1)) : []); if (found && found[1].length) kinds.add(1); kinds.delete(0); return kinds; }

function mark(inner, label, labels, kind, missed) {
  const made = document.createElement("mark"), name = document.createElement("b");
  made.style.setProperty("--c", `var(--l${label % 8})`);
  made.append(...inner); name.append(labels[label]);
  if (kind) { made.className = "wrong"; name.append(Object.assign(document.createElement("i"), { textContent: " · " + page.kinds[kind - 1] })); }
  if (missed) { made.className = "missed"; name.append(Object.assign(document.createElement("i"), { textContent: " · missed" + missed })); }
  made.append(name); return made;
}

// Spans that cross are cut where they cross, for HTML knows no crossing; the name stands at a span's end.
function marked(text, spans, labels) {
  const letters = Array.from(text), made = document.createDocumentFragment();
  const edges = [...new Set([0, letters.length, ...spans.flatMap(s => [s.start, s.end])])].sort((a, b) => a - b);
  for (let i = 0; i + 1 < edges.length; i++) {
    const [from, to] = [edges[i], edges[i + 1]], covering = spans.filter(s => s.start <= from && to <= s.end).sort((a, b) => (a.end - a.start) - (b.end - b.start));
    let piece = document.createTextNode(letters.slice(from, to).join(""));
    for (const s of covering) { const around = mark([piece], s.label, labels, s.kind, s.missed); if (s.end !== to) around.lastChild.remove(); piece = around; }
    made.append(piece);
  }
  return made;
}

function row(who, inner) {
  const made = document.createElement("div"), name = document.createElement("div"), text = document.createElement("div");
  made.className = "row"; name.className = "who"; text.className = "text"; text.dir = "auto";
  name.textContent = who; text.append(inner); made.append(name, text); return made;
}

function article(looked, i, chosen) {
  const [id, text, gold] = looked.texts[i], made = document.createElement("article"), head = document.createElement("h4");
  const byValue = looked.confusion === null, founds = chosen.map(c => looked.cells[c][i]), saids = founds.map(found => said(found, gold));
  const draw = entries => {
    if (!byValue) return marked(text, entries.map(e => ({ start: e.at[0], end: e.at[1], label: e.at[2], kind: e.kind, missed: e.missed })), looked.labels);
    const all = document.createDocumentFragment();
    for (const e of entries) all.append(mark([e.at[0]], e.at[1], looked.labels, e.kind, e.missed), " ");
    return entries.length ? all : "nothing";
  };
  head.textContent = id; made.append(head);
  if (byValue) made.append(row("text", text));
  const by = place => founds.map((found, k) => found && found[1].includes(place) ? k + 1 : 0).filter(Boolean);
  made.append(row("gold", draw(gold.map((at, place) => ({ at, kind: 0, missed: by(place).length ? by(place).length === 2 || chosen[0] === chosen[1] ? " by both" : " by the " + ["first", "second"][by(place)[0] - 1] : "" })))));
  chosen.forEach((c, k) => {
    if (k && chosen[0] === chosen[1]) return;
    const who = looked.names[c] + (saids[k].status ? ` (reply ${saids[k].status})` : "");
    made.append(row(who, founds[k] === null ? "was not given this text" : draw(saids[k].predicted.map(e => ({ at: e.slice(0, -1), kind: e.at(-1), missed: "" })))));
  });
  return made;
}

function browser(set) {
  const looked = set.looked, root = find(set.id + "-errors"), list = root.querySelector("[data-list]"), more = root.querySelector("[data-more]");
  const selects = [...root.querySelectorAll("[data-of]")], boxes = [...root.querySelectorAll("input[type=checkbox][value]")], differ = root.querySelector("[data-differ]"), search = root.querySelector("input[type=search]");
  const lower = looked.texts.map(([id, text]) => (id + "\n" + text).toLowerCase());
  let hits = [], shown = 0;
  selects.forEach((select, i) => options(select, looked.names, looked.pair[i]));
  const chosen = () => selects.map(s => +s.value);
  const add = () => {
    list.append(...hits.slice(shown, shown + PAGE).map(i => article(looked, i, chosen())));
    shown = Math.min(hits.length, shown + PAGE); more.hidden = shown === hits.length; more.textContent = `Show more (${hits.length - shown} left)`;
  };
  const filter = () => {
    const [a, b] = chosen().map(c => looked.cells[c]), kinds = new Set(boxes.filter(box => box.checked).map(box => +box.value)), query = search.value.trim().toLowerCase();
    hits = looked.texts.map((_, i) => i).filter(i => {
      const both = [a[i], b[i]];
      return lower[i].includes(query) && both.some(found => [...kindsOf(found)].some(kind => kinds.has(kind))) && !(differ.checked && (both.includes(null) || JSON.stringify(a[i]) === JSON.stringify(b[i])));
    });
    root.querySelector("[data-says]").textContent = `${hits.length} of ${looked.texts.length} texts`;
    list.replaceChildren(); shown = 0; add();
  };
  for (const control of [...selects, ...boxes, differ]) control.addEventListener("change", filter);
  search.addEventListener("input", filter); more.addEventListener("click", add);
  filter();
}
for (const set of page.sets) if (set.looked) browser(set);
