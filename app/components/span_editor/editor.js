// One editor on the page: holds what is shown, takes what Python sends, gives back what the person did.

const TAB = randomId();
const IDLE_S = 30;

class Editor {
  constructor(host) {
    this.root = host.querySelector(".se");
    this.uid = `se-${TAB.slice(0, 6)}-${(Editor.made += 1)}`;
    this.panels = new Panels(this.root, this.uid);
    this.scroller = this.panels.at("scroller");
    this.view = new TextView(this.panels.at("text"), this.panels.at("sheet"));
    this.data = null;
    this.outbox = null;
    this.pen = null;
    this.penOn = recall("allabel:pen") ?? true;
    this.history = 0;
    this.closers = [listenToKeys(this), listenToMouse(this)];
    this.panels.at("note").addEventListener("submit", (event) => this.#flag(event));
    this.scroller.addEventListener("focus", () => this.frames());
    this.scroller.addEventListener("blur", () => this.frames());
    const resized = new ResizeObserver(() => this.frames());
    resized.observe(this.view.root);
    this.closers.push(() => resized.disconnect());
    this.#listen(window, "pagehide", () => this.#leaving());
    this.#listen(document, "visibilitychange", () => {
      if (document.hidden) this.#leaving();
      else this.outbox?.hurry();
    });
    this.#listen(window, "online", () => this.outbox?.hurry());
    for (const kind of ["keydown", "mousemove", "wheel"]) this.#listen(this.root, kind, () => this.#tick());
  }

  #listen(target, kind, heard) {
    target.addEventListener(kind, heard, { passive: true });
    this.closers.push(() => target.removeEventListener(kind, heard));
  }

  close() {
    this.#leaving();
    this.outbox?.close();
    clearTimeout(this.unsaved);
    for (const closer of this.closers) closer();
  }

  #leaving() {
    if (this.history) this.#keepHistory();
    this.outbox?.flush();
  }

  // Seconds of work on this text; a pause counts for half a minute at most.
  #tick() {
    const now = performance.now();
    this.seconds += Math.min((now - this.ticked) / 1000, IDLE_S);
    this.ticked = now;
  }

  receive({ data, setStateValue }) {
    this.send = (value) => setStateValue("outbox", value);
    const before = this.data;
    this.data = data;
    if (before?.project !== data.project || before?.person !== data.person) {
      this.outbox?.close();
      const changed = () => this.status();
      this.outbox = new Outbox(data.project, data.person, (value) => this.send(value), changed);
    }
    this.outbox.ack(data.acked);
    if (JSON.stringify(before?.labels) !== JSON.stringify(data.labels)) this.#labels();
    const same = before?.doc_id === data.doc_id && this.version === data.version && before.text === data.text;
    if (!same) this.#load(before);
    else if (data.draft_n > this.n) {
      this.#fromServer();
      this.say("This text was changed in another tab; its newer state is shown.");
    } else if (JSON.stringify(before.suggestions) !== JSON.stringify(data.suggestions)) {
      this.work.offer(data.suggestions);
    }
    const news = JSON.stringify(this.problemShown ?? null) !== JSON.stringify(data.problem);
    if (news) {
      this.problem = this.problemShown = data.problem;
      this.panels.problem(this.problem, this.work);
    }
    if (same && this.locked && ((news && data.problem) || !this.outbox.has(this.locked.id))) {
      const done = this.locked.op === "save" ? "saved" : "done";
      this.say(data.problem ? `Not ${done}: the reason stands above the text.` : `${done[0].toUpperCase()}${done.slice(1)}.`);
      this.#unlock();
    }
    this.refresh();
    this.root.dataset.doc = data.doc_id;
    this.root.dataset.ready = "true";
  }

  #labels() {
    this.colours = new Map(this.data.labels.map((label) => [label.name, label.colour]));
    if (!this.colours.has(this.pen)) this.pen = this.data.labels[0]?.name ?? null;
    this.panels.palette(this.data.labels, (label) => (OWN.has(label.key) ? "" : label.key));
  }

  #load(before) {
    const { data } = this;
    // From here to the first picture is what a person waits for; browsers and tests can measure it.
    performance.clearMarks("se-load");
    performance.mark("se-load");
    if (before && this.history) this.#keepHistory(before);
    this.version = data.version;
    this.work = new Work(data.text, data.overlap);
    this.view.load(data.text, data.direction);
    this.#fromServer();
    this.#unlock();
    [this.cursor, this.shown, this.asked] = [0, false, false];
    [this.seconds, this.ticked] = [0, performance.now()];
    this.answeredNone = data.answered && !data.entities.length;
    this.problemShown = undefined;
    this.#restore();
    this.scroller.scrollTop = 0;
    this.panels.at("note").hidden = true;
    this.scroller.setAttribute("aria-label", `Text to annotate, ${counted(this.work.words.list.length, "word")}`);
    // Whoever types elsewhere on the page goes on typing there.
    const busy = document.activeElement?.closest("input, textarea, select, [contenteditable=true]");
    if (!busy || this.root.contains(busy)) this.scroller.focus({ preventScroll: true });
    const [n, open] = [this.work.confirmed.length, this.work.suggested.length];
    const blind = data.blind ? " No suggestion is shown for this text." : "";
    this.say(`New text. ${n} marked, ${open} suggested.${blind}`);
  }

  #fromServer() {
    this.n = this.data.draft_n;
    this.work.set(this.data);
    [this.active, this.selection] = [null, null];
  }

  // What this browser remembers of the text: the newer state where it has one, else only the steps that led here.
  #restore() {
    const kept = recall(historyKey(this.data));
    if (!kept || kept.text !== this.data.text.length) return;
    const marks = (kind) => kept.marks.filter((mark) => mark.kind === kind);
    const spans = (list) => list.map(spanKey).sort().join("|");
    const newer = kept.version === this.version && kept.n > this.data.draft_n;
    if (newer) {
      const [entities, rejected] = [marks("confirmed"), marks("rejected")];
      this.work.set({ entities, rejected, suggestions: this.data.suggestions });
      this.n = kept.n;
      this.seconds = kept.seconds ?? 0;
    }
    if (newer || spans(marks("confirmed")) === spans(this.work.confirmed)) {
      [this.work.past, this.work.future] = [kept.past, kept.future];
    }
    if (newer) this.#draft();
  }

  #keepHistory(data = this.data) {
    clearTimeout(this.history);
    this.history = 0;
    const { work } = this;
    const kept = { version: this.version, n: this.n, at: Date.now(), text: work.text.length, seconds: this.seconds };
    kept.marks = [...work.confirmed, ...work.rejected];
    [kept.past, kept.future] = [work.past, work.future];
    if (!keep(historyKey(data), JSON.stringify(kept))) this.outbox.keeps = false;
  }

  editable() {
    return !this.locked && !this.data.read_only;
  }

  run(name, argument) {
    if (!this.work) return undefined;
    if (name !== "none") this.asked = false;
    if (name in EDITS && this.locked) return this.say("Saving: wait for the next text.");
    if (name in EDITS && this.data.read_only) return this.say("This text is shown for reading only.");
    if (this.problem?.kind === "conflict" && ["enter", "none", "skip", "back"].includes(name)) {
      return this.say("Choose first: take theirs, or keep yours.");
    }
    return COMMANDS[name](this, argument);
  }

  // After an edit: draws, keeps, sends. True where something changed.
  did(result, active) {
    if (result.refused) {
      if (result.mark) this.activate(result.mark);
      this.say(result.refused);
      return false;
    }
    [this.selection, this.active] = [null, active && this.work.has(active) ? active : null];
    this.n += 1;
    this.#draft();
    if (!this.history) this.history = setTimeout(() => this.#keepHistory(), 150);
    this.refresh();
    if (this.active) this.view.reveal(this.active.start, this.active.end, this.scroller);
    this.say(result.said);
    return true;
  }

  #draft() {
    this.post("draft", {});
  }

  post(op, more) {
    this.#tick();
    const { doc_id, text } = this.data;
    const [entities, rejected] = [this.work.confirmed.map(bare), this.work.rejected.map(bare)];
    const work = { doc_id, version: this.version, n: this.n, entities, rejected, seconds: this.seconds };
    return this.outbox.put({ op, tab: TAB, pairs: pairsOf(this.work, text), ...work, ...more });
  }

  leave(op, more, said) {
    if (this.locked) return;
    this.say(said);
    this.locked = this.post(op, more);
    this.root.dataset.locked = "true";
    this.unsaved = setTimeout(() => this.#late(), 5000);
    this.refresh();
  }

  #late() {
    const kept = this.outbox.keeps ? "kept in this browser" : "and this browser keeps nothing: leave the page open";
    this.say(`Not saved yet; ${kept}. Trying again until the server answers.`);
  }

  #unlock() {
    clearTimeout(this.unsaved);
    this.locked = null;
    this.root.dataset.locked = "false";
  }

  settleProblem() {
    this.problem = null;
    this.panels.problem(null, this.work);
    this.scroller.focus({ preventScroll: true });
  }

  #flag(event) {
    event.preventDefault();
    const input = this.panels.at("note").querySelector("input");
    this.post("flag", { note: input.value.trim() });
    input.value = "";
    this.run("closeNote");
    this.say("Flagged.");
  }

  activate(mark) {
    [this.active, this.selection] = [mark, null];
    this.cursor = this.work.words.indexAt(mark.start);
    this.shown = true;
    this.refresh();
    this.view.reveal(mark.start, mark.end, this.scroller);
    this.say(`${this.work.quoted(mark)}: ${mark.label}, ${this.describe(mark)}`);
  }

  describe(mark) {
    if (mark.kind === "confirmed") return "confirmed";
    const by = this.data.mode === "review" && mark.source ? ` by ${mark.source}` : "";
    return `suggested${by}${percent(mark.score)}`;
  }

  focusOn(start, end) {
    this.refresh();
    this.view.reveal(start, end, this.scroller);
  }

  say(words) {
    const line = this.panels.at("said");
    // The same words twice would not be read out twice.
    line.textContent = line.textContent === words ? `${words}\u200b` : words;
  }

  colourOf = (label) => shade(this.colours.get(label) ?? "#7F7F7F");

  refresh() {
    this.view.draw(this.work.visible, this.colourOf);
    this.panels.list(this.work, this.active, this.colourOf, (mark) => this.describe(mark));
    this.panels.pen(this.pen, this.penOn, this.data.labels);
    this.panels.why(this.active);
    this.status();
    this.frames();
  }

  status() {
    if (!this.work || !this.outbox) return;
    const [n, open] = [this.work.confirmed.length, this.work.suggested.length];
    const save = this.panels.at("save");
    const what = open ? `accept ${open}, save` : n || this.answeredNone ? "save" : "nothing is marked (0: none here)";
    save.textContent = this.locked ? "Saving…" : `Enter: ${what}`;
    save.disabled = Boolean(this.locked) || this.data.read_only;
    const waiting = this.outbox.waiting.length;
    const lost = this.outbox.keeps ? "" : " This browser keeps nothing: stay until it is saved.";
    this.panels.at("wait").textContent = waiting ? `Sending…${lost}` : n || open ? "All is kept." : "";
  }

  frames() {
    if (!this.work) return;
    const frames = [];
    const word = this.work.words.list[this.cursor];
    if (this.selection) frames.push({ ...this.selection, kind: "selection" });
    else if (this.active) frames.push({ ...this.active, kind: "active" });
    else if (word && document.activeElement === this.scroller) {
      frames.push({ start: word[0], end: word[1], kind: "cursor" });
    }
    this.view.frame(frames);
  }
}
Editor.made = 0;

const historyKey = ({ project, person, doc_id }) => `allabel:text:${project}:${person}:${doc_id}`;

// Where the text has surrogate pairs, in UTF-16 units: all that Python needs to count in code points.
function pairsOf(work, text) {
  work.pairs ??= [...text.matchAll(/[\u{10000}-\u{10ffff}]/gu)].map((found) => found.index);
  return work.pairs;
}

const editors = new WeakMap();

export default function mount(component) {
  const host = component.parentElement;
  // Streamlit calls again with the same element whenever the data change.
  if (!editors.has(host)) editors.set(host, new Editor(host));
  editors.get(host).receive(component);
  return () => {
    editors.get(host)?.close();
    editors.delete(host);
  };
}
