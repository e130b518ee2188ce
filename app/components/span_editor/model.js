// The work on one text: its marks and its history. Knows nothing of the page.
// A mark is {start, end, label, kind, score, source, demonstrations}; kind is confirmed, suggested or rejected.

const markKey = (mark) => `${mark.kind}:${mark.start}:${mark.end}:${mark.label}`;
const spanKey = (mark) => `${mark.start}:${mark.end}:${mark.label}`;
const crosses = (a, b) => a.start < b.end && b.start < a.end;
const byPlace = (a, b) => a.start - b.start || b.end - a.end || (a.label < b.label ? -1 : a.label > b.label ? 1 : 0);
const bare = ({ start, end, label }) => ({ start, end, label });
const as = (kind, mark) => ({ ...mark, kind });

class Work {
  #marks = new Map();
  #sorted = null;

  constructor(text, overlap) {
    this.words = new Words(text);
    this.text = text;
    this.overlap = overlap;
    this.past = [];
    this.future = [];
    this.offered = new Map();
  }

  // Sets what is there without a step in the history.
  set({ entities, rejected, suggestions }) {
    this.#marks.clear();
    this.#sorted = null;
    for (const span of entities) this.#add(as("confirmed", bare(span)));
    for (const span of rejected) this.#add(as("rejected", bare(span)));
    this.offer(suggestions);
  }

  // Takes what the model suggests now, less what is answered already. Equal ones of two sources become one.
  offer(suggestions) {
    this.offered = new Map();
    for (const mark of suggestions) {
      const known = this.offered.get(spanKey(mark));
      const source = known && known.source !== mark.source ? `${known.source} + ${mark.source}` : mark.source;
      const demonstrations = [...new Set([...(known?.demonstrations ?? []), ...mark.demonstrations])];
      this.offered.set(spanKey(mark), { ...mark, source, demonstrations });
    }
    for (const mark of this.suggested) this.#marks.delete(markKey(mark));
    const confirmed = this.confirmed;
    for (const mark of this.offered.values()) {
      const answered = confirmed.some((x) => crosses(x, mark) && (!this.overlap || x.label === mark.label));
      if (!answered && !this.#marks.has(markKey(as("rejected", mark)))) this.#add(as("suggested", mark));
    }
  }

  #add(mark) {
    this.#marks.set(markKey(mark), mark);
    this.#sorted = null;
  }

  #of(kind) {
    if (this.#sorted === null) {
      this.#sorted = { confirmed: [], suggested: [], rejected: [] };
      for (const mark of [...this.#marks.values()].sort(byPlace)) this.#sorted[mark.kind].push(mark);
    }
    return this.#sorted[kind];
  }

  get confirmed() {
    return this.#of("confirmed");
  }

  get suggested() {
    return this.#of("suggested");
  }

  get rejected() {
    return this.#of("rejected");
  }

  get visible() {
    return [...this.confirmed, ...this.suggested].sort(byPlace);
  }

  has(mark) {
    return this.#marks.has(markKey(mark));
  }

  find(kind, start, end, label) {
    return this.#marks.get(markKey({ kind, start, end, label }));
  }

  #apply(remove, add) {
    for (const mark of remove) this.#marks.delete(markKey(mark));
    for (const mark of add) this.#marks.set(markKey(mark), mark);
    this.#sorted = null;
  }

  step(said, remove, add) {
    this.#apply(remove, add);
    this.past.push({ said, remove, add });
    this.future = [];
    return { said };
  }

  undo() {
    const step = this.past.pop();
    if (!step) return { refused: "Nothing to undo." };
    this.#apply(step.add, step.remove);
    this.future.push(step);
    return { said: `Undone: ${step.said}`, mark: step.remove.find((m) => m.kind !== "rejected") ?? null };
  }

  redo() {
    const step = this.future.pop();
    if (!step) return { refused: "Nothing to redo." };
    this.#apply(step.remove, step.add);
    this.past.push(step);
    return { said: `Redone: ${step.said}`, mark: step.add.find((m) => m.kind !== "rejected") ?? null };
  }

  quoted(mark) {
    const words = this.text.slice(mark.start, mark.end).replace(/\s+/gu, " ");
    return `“${words.length > 60 ? `${words.slice(0, this.words.before(58))}…` : words}”`;
  }

  // What happens to the suggestions when [start, end) is confirmed as `label`: the same one is accepted, and
  // where spans may not overlap the ones it touches are refused.
  #settle(span, remove, add) {
    const refused = this.#marks.get(markKey(as("rejected", span)));
    if (refused) remove.push(refused);
    for (const mark of this.suggested) {
      if (spanKey(mark) === spanKey(span)) remove.push(mark);
      else if (!this.overlap && crosses(mark, span) && !remove.includes(mark)) {
        remove.push(mark);
        add.push(as("rejected", bare(mark)));
      }
    }
  }

  // A mark goes; where the model suggested it, that is remembered as a refusal, or it would come back.
  #dropped(mark, remove, add) {
    remove.push(mark);
    if (this.offered.has(spanKey(mark))) add.push(as("rejected", bare(mark)));
  }

  // Confirms [start, end) as `label`, in place of the mark `instead` where one is given.
  put(start, end, label, instead = null) {
    const mark = { start, end, label, kind: "confirmed" };
    const known = this.#marks.get(markKey(mark));
    if (known) return { mark: known, refused: `${this.quoted(mark)} is ${label} already.` };
    const clash = this.overlap ? [] : this.confirmed.filter((x) => x !== instead && crosses(x, mark));
    if (clash.length > 1 || (clash.length === 1 && instead)) {
      const which = clash.map((x) => `${this.quoted(x)} ${x.label}`).join(", ");
      return { refused: `Entities may not overlap in this project, and this one would overlap ${which}.` };
    }
    const [remove, add] = [[], [mark]];
    if (instead) this.#dropped(instead, remove, add);
    for (const other of clash) this.#dropped(other, remove, add);
    this.#settle(mark, remove, add);
    let said = `${this.quoted(mark)} is ${label}.`;
    if (clash.length) said = `Replaced ${this.quoted(clash[0])} ${clash[0].label}: ${said}`;
    return { ...this.step(said, remove, add.filter((x) => spanKey(x) !== spanKey(mark) || x === mark)), mark };
  }

  accept(mark) {
    const result = this.put(mark.start, mark.end, mark.label);
    return result.refused ? result : { ...result, said: `Accepted: ${result.said}` };
  }

  // Suggestions that overlap each other where spans may not.
  get disputed() {
    if (this.overlap) return [];
    const open = this.suggested;
    return open.filter((mark, i) => open.some((other, j) => i !== j && crosses(mark, other)));
  }

  acceptAll() {
    const disputed = new Set(this.disputed);
    const accepted = this.suggested.filter((mark) => !disputed.has(mark));
    if (!accepted.length) return { refused: disputed.size ? DISPUTED : "Nothing is suggested." };
    const add = accepted.map((mark) => as("confirmed", bare(mark)));
    return this.step(`Accepted ${counted(accepted.length, "suggestion")}.`, accepted, add);
  }

  rejectAll() {
    const open = this.suggested;
    if (!open.length) return { refused: "Nothing is suggested." };
    const add = open.map((mark) => as("rejected", bare(mark)));
    return this.step(`Rejected ${counted(open.length, "suggestion")}.`, open, add);
  }

  delete(mark) {
    const [remove, add] = [[], []];
    if (mark.kind === "suggested") [remove[0], add[0]] = [mark, as("rejected", bare(mark))];
    else this.#dropped(mark, remove, add);
    const what = `${this.quoted(mark)} ${mark.label}`;
    return this.step(mark.kind === "suggested" ? `Rejected ${what}.` : `Deleted ${what}.`, remove, add);
  }

  clear() {
    const [remove, add] = [[], []];
    for (const mark of this.confirmed) this.#dropped(mark, remove, add);
    for (const mark of this.suggested) {
      remove.push(mark);
      add.push(as("rejected", bare(mark)));
    }
    return this.step("No entities here.", remove, add);
  }

  everywhere(mark) {
    const mention = this.text.slice(mark.start, mark.end);
    const [remove, add] = [[], []];
    let skipped = 0;
    for (const [start, end] of this.words.occurrences(mention)) {
      const span = { start, end, label: mark.label, kind: "confirmed" };
      if (this.has(span)) continue;
      if (!this.overlap && this.confirmed.some((x) => crosses(x, span))) skipped += 1;
      else {
        add.push(span);
        this.#settle(span, remove, add);
      }
    }
    const n = add.filter((x) => x.kind === "confirmed").length;
    const rest = skipped ? ` ${counted(skipped, "place")} bears another entity already.` : "";
    if (!n) return { refused: `Every ${this.quoted(mark)} in the text is marked.${rest}` };
    return this.step(`${this.quoted(mark)} is ${mark.label} in ${counted(n, "more place")}.${rest}`, remove, add);
  }

  replaceAll(said, entities) {
    const add = entities.map((span) => as("confirmed", bare(span)));
    return this.step(said, [...this.confirmed, ...this.suggested], add);
  }
}

const DISPUTED = "Suggestions overlap each other: accept or reject one of them first.";
const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
