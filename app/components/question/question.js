// Questions one by one: the next is drawn at the key that answers the last, and the server hears of it meanwhile.

// A pause on a question counts for a minute at most.
const MOST_S = 60;
const HINTS = {
  entity:
    "The framed words are taken as the entity. Shift + ← → moves its end, Ctrl + ← → its start; or click on the first or " +
    "last word. Then press the label.",
  token: "A label's key: an entity begins with this word. Shift + key: the word carries on an entity that began before.",
};

function made(tag, name, text) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text) node.textContent = text;
  return node;
}

class Asker {
  constructor(host) {
    this.root = host.querySelector(".qu");
    this.card = this.at("card");
    this.outbox = null;
    // Answered here and perhaps not heard of by the server; taken back and to be asked again; the way back.
    [this.done, this.again, this.past] = [new Set(), [], []];
    this.question = null;
    const heard = (event) => this.#key(event);
    this.root.addEventListener("keydown", heard);
    const deaf = listenToStray(this.card, heard);
    this.root.addEventListener("click", (event) => this.#click(event));
    this.root.addEventListener("mousedown", (event) => {
      if (!event.target.closest("button")) return;
      event.preventDefault();
      this.card.focus({ preventScroll: true });
    });
    const hurry = () => (document.hidden ? this.outbox?.flush() : this.outbox?.hurry());
    const leave = () => this.outbox?.flush();
    document.addEventListener("visibilitychange", hurry);
    window.addEventListener("online", hurry);
    window.addEventListener("pagehide", leave);
    this.close = () => {
      deaf();
      document.removeEventListener("visibilitychange", hurry);
      window.removeEventListener("online", hurry);
      window.removeEventListener("pagehide", leave);
      this.outbox?.close();
    };
  }

  at(name) {
    return this.root.querySelector(`.qu-${name}`);
  }

  receive({ data, setStateValue }) {
    this.send = (value) => setStateValue("outbox", value);
    const before = this.data;
    this.data = data;
    if (before?.project !== data.project || before?.person !== data.person) {
      this.outbox?.close();
      const name = `${data.project}#questions`;
      this.outbox = new Outbox(name, data.person, (value) => this.send(value), () => this.#status());
      this.done = new Set(this.outbox.waiting.filter((op) => op.says !== "undone").map((op) => op.question));
    }
    this.outbox.ack(data.acked);
    // With nothing under way the server's list is all there is to know.
    if (!this.outbox.waiting.length) {
      this.done.clear();
      const open = new Set(data.questions.map((one) => one.id));
      this.again = this.again.filter((one) => open.has(one.id));
    }
    if (JSON.stringify(before?.labels) !== JSON.stringify(data.labels)) {
      this.#buttons();
      if (this.question) this.#draw();
    }
    // What stands there stays, unless the server knows that it is settled.
    const gone = this.question && !this.outbox.waiting.length && !data.questions.some((x) => x.id === this.question.id);
    if (!this.question || gone) this.#next();
    this.#status();
    this.root.dataset.ready = "true";
  }

  #next() {
    this.question = this.again.shift() ?? this.data.questions.find((one) => !this.done.has(one.id)) ?? null;
    this.root.dataset.question = this.question?.id ?? "";
    this.root.dataset.empty = String(!this.question);
    this.began = performance.now();
    performance.clearMarks("qu-load");
    performance.mark("qu-load");
    if (this.question) [this.first, this.end] = this.#extent(this.question);
    this.#draw();
    const busy = document.activeElement?.closest("input, textarea, select, [contenteditable=true]");
    if (!busy || this.root.contains(busy)) this.card.focus({ preventScroll: true });
  }

  #extent({ level, word, first, end }) {
    const whole = level === "entity" && first >= 0 && first <= word && word < end;
    return whole ? [first, end] : [word, word + 1];
  }

  #buttons() {
    const answers = this.at("answers");
    answers.replaceChildren();
    for (const label of this.data.labels) {
      const key = OWN.has(label.key) ? "" : label.key;
      const pair = made("span", "qu-pair");
      const button = made("button", "qu-label");
      button.type = "button";
      button.dataset.label = label.name;
      button.title = label.definition;
      button.style.setProperty("--c", label.colour);
      button.append(made("span", "qu-swatch"), made("span", "", label.name));
      if (key) button.append(made("kbd", "", key));
      const goes = made("button", "qu-label qu-inside");
      goes.type = "button";
      goes.dataset.inside = label.name;
      goes.style.setProperty("--c", label.colour);
      goes.append(made("span", "", "… goes on"), made("kbd", "", key ? `Shift ${key}` : ""));
      goes.setAttribute("aria-label", `${label.name} goes on`);
      pair.append(button, goes);
      answers.append(pair);
    }
    const others = this.at("others");
    others.replaceChildren();
    for (const [what, name, key] of [
      ["outside", "No entity", "0"],
      ["unknown", "Don't know", "-"],
      ["undone", "Undo", "⌫"],
    ]) {
      const button = made("button");
      button.type = "button";
      button.dataset.says = what;
      button.append(made("span", "", name), made("kbd", "", key));
      others.append(button);
    }
  }

  #draw() {
    const { question } = this;
    const text = this.at("text");
    text.replaceChildren();
    for (const button of this.root.querySelectorAll("button[data-label]")) button.disabled = !question;
    for (const button of this.root.querySelectorAll("[data-inside]")) {
      button.hidden = question?.level !== "token";
      button.style.display = button.hidden ? "none" : "";
      button.disabled = !question || question.word === 0;
    }
    this.at("hint").textContent = question ? HINTS[question.level] : "";
    if (!question) {
      this.at("ask").textContent = this.outbox.waiting.length ? "One moment …" : "No question is left for you.";
      return;
    }
    const asked = question.parts.find(([, word]) => word === question.word)?.[0] ?? "";
    this.at("ask").textContent = `Is “${asked}” part of an entity?`;
    if (question.cut_before) text.append(made("span", "qu-cut", "… "));
    let last = -1;
    this.pieces = new Map();
    for (const [string, word] of question.parts) {
      const node = made("span", word === question.word ? "qu-word" : "", string);
      // What stands between two words belongs to the frame where both do.
      if (word >= 0) [node.dataset.word, last] = [word, word];
      else node.dataset.after = last;
      this.pieces.set(node, word);
      text.append(node);
    }
    if (question.cut_after) text.append(made("span", "qu-cut", " …"));
    this.#frame();
    const lies = text.querySelector(".qu-word");
    if (lies) {
      const [box, frame] = [lies.getBoundingClientRect(), this.card.getBoundingClientRect()];
      if (box.bottom > frame.bottom || box.top < frame.top) this.card.scrollTop += box.top - frame.top - frame.height / 2;
    }
    this.card.setAttribute("aria-label", `${this.at("ask").textContent} ${text.textContent}`);
  }

  #frame() {
    const whole = this.question.level === "entity";
    for (const [node, word] of this.pieces) {
      const after = Number(node.dataset.after ?? -1);
      const inside = word >= 0 ? word >= this.first && word < this.end : after >= this.first && after < this.end - 1;
      node.classList.toggle("qu-in", whole && inside);
      node.classList.toggle("qu-in-first", whole && word === this.first);
      node.classList.toggle("qu-in-last", whole && word >= 0 && word === this.end - 1);
    }
  }

  #words() {
    return this.question.parts.map(([, word]) => word).filter((word) => word >= 0);
  }

  // Moves an end of the frame, which stays around the word and inside what is shown.
  #resize(step, atEnd) {
    const words = this.#words();
    const { word } = this.question;
    if (atEnd) this.end = Math.max(word + 1, Math.min(words[words.length - 1] + 1, this.end + step));
    else this.first = Math.max(words[0], Math.min(word, this.first + step));
    this.#frame();
    const framed = this.question.parts.filter(([, x]) => x >= this.first && x < this.end).map(([string]) => string);
    this.#say(framed.join(" "));
  }

  answer(says, label = "") {
    const { question } = this;
    if (!question) return;
    const seconds = Math.min((performance.now() - this.began) / 1000, MOST_S);
    const meant = says === "entity" ? [this.first, this.end] : [question.word, question.word + 1];
    this.outbox.put({ op: "save", question: question.id, says, label, first: meant[0], end: meant[1], seconds });
    this.done.add(question.id);
    this.past.push({ question, meant });
    const told = { entity: label, begins: `${label} begins`, inside: `${label} goes on`, outside: "No entity" }[says];
    this.#say(told ? `${told}.` : "Put to others.");
    this.#next();
  }

  undo() {
    const last = this.past.pop();
    if (!last) {
      this.#say("There is nothing to take back here.");
      return;
    }
    this.outbox.put({ op: "save", question: last.question.id, says: "undone", label: "", first: 0, end: 0, seconds: 0 });
    this.done.delete(last.question.id);
    if (this.question) this.again.unshift(this.question);
    this.again.unshift(last.question);
    this.question = null;
    this.#next();
    if (this.question.level === "entity" && last.meant[1] - last.meant[0] > 1) {
      [this.first, this.end] = last.meant;
      this.#frame();
    }
    this.#say("Taken back.");
  }

  #say(words) {
    const line = this.at("said");
    line.textContent = line.textContent === words ? `${words}\u200b` : words;
  }

  #status() {
    // The outbox speaks of what an earlier page left unsent before it is made.
    if (!this.outbox) return;
    const lost = this.outbox.keeps ? "" : " This browser keeps nothing: stay until it is saved.";
    this.at("wait").textContent = this.outbox.waiting.length ? `Sending…${lost}` : "All is kept.";
    if (!this.question) this.#draw();
  }

  #key(event) {
    if (event.isComposing || !this.data) return;
    if (event.target.matches("button") && [" ", "Enter"].includes(event.key) && !event.shiftKey) return;
    const control = event.ctrlKey || event.metaKey;
    // Streamlit reruns on "r" and clears its cache on "c".
    if (event.key.length === 1 && !control && !event.altKey) event.stopPropagation();
    const act = this.#meant(event, control);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    // A key held down a moment too long must not answer the next question, which nobody has read yet.
    if (!event.repeat || event.key.startsWith("Arrow")) act();
  }

  #meant(event, control) {
    const { key, shiftKey, altKey } = event;
    if (altKey) return null;
    if (key === "Backspace" || (control && key.toLowerCase() === "z") || (key === "Enter" && shiftKey)) {
      return () => this.undo();
    }
    if (!this.question) return null;
    if (key === "ArrowLeft" || key === "ArrowRight") {
      if (shiftKey === control || this.question.level !== "entity") return null;
      const rtl = getComputedStyle(this.at("text")).direction === "rtl";
      return () => this.#resize((key === "ArrowRight") !== rtl ? 1 : -1, shiftKey);
    }
    if (control) return null;
    if (key === "0" || (event.code === "Digit0" && !shiftKey)) return () => this.answer("outside");
    if (key === "-") return () => this.answer("unknown");
    const named = labelOf(event, this.data.labels);
    return named ? () => this.#label(named.label.name, named.goOn) : null;
  }

  #label(name, goesOn) {
    if (this.question?.level === "entity") this.answer("entity", name);
    else if (!goesOn) this.answer("begins", name);
    else if (this.question?.word === 0) this.#say("No entity goes on at the first word.");
    else this.answer("inside", name);
  }

  #click(event) {
    const button = event.target.closest("button");
    if (button?.dataset.label) this.#label(button.dataset.label, false);
    else if (button?.dataset.inside) this.#label(button.dataset.inside, true);
    else if (button?.dataset.says === "undone") this.undo();
    else if (button?.dataset.says) this.answer(button.dataset.says);
    const clicked = event.target.closest("[data-word]");
    if (!clicked || this.question?.level !== "entity") return;
    const at = Number(clicked.dataset.word);
    const { word } = this.question;
    if (at < word) this.first = at;
    else if (at > word) this.end = at + 1;
    else [this.first, this.end] = [word, word + 1];
    this.#frame();
  }
}

const askers = new WeakMap();

export default function mount(component) {
  const host = component.parentElement;
  if (!askers.has(host)) askers.set(host, new Asker(host));
  askers.get(host).receive(component);
  return () => {
    askers.get(host)?.close();
    askers.delete(host);
  };
}
