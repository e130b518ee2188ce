// What the server has not dealt with yet, kept in the browser so that neither a reload nor a killed server loses it.
// One storage key an operation: two tabs never overwrite each other's, and only the server's word removes one.

const KEPT = new Set(["draft", "save", "skip", "flag", "occurrences"]);
const RETRIES_S = [5, 8, 13, 20, 30];

class Outbox {
  #ops = new Map();
  #beat = 0;
  #flushing = 0;
  #retrying = 0;
  #tries = 0;
  #last = 0;

  constructor(project, person, send, changed) {
    this.prefix = `allabel:op:${project}:${person}:`;
    this.send = send;
    this.changed = changed;
    this.keeps = true;
    this.adopt();
  }

  // Takes in what an earlier page, or another tab, left unsent.
  adopt() {
    try {
      for (let i = 0; i < localStorage.length; i += 1) {
        const key = localStorage.key(i);
        if (!key.startsWith(this.prefix)) continue;
        try {
          const op = JSON.parse(localStorage.getItem(key));
          if (!this.#ops.has(op.id)) this.#ops.set(op.id, op);
        } catch {
          // Not ours to judge: something else wrote it. It stays where it is.
        }
      }
    } catch {
      this.keeps = false;
    }
    if (this.#ops.size) this.flushSoon();
  }

  get waiting() {
    return [...this.#ops.values()].sort((a, b) => a.at - b.at);
  }

  // Milliseconds that still order operations made within one.
  #now() {
    this.#last = Math.max(Date.now(), this.#last + 0.001);
    return this.#last;
  }

  put(op) {
    const made = { ...op, id: crypto.randomUUID?.() ?? randomId(), at: this.#now() };
    if (op.op === "draft") {
      for (const old of this.#ops.values()) {
        if (old.op === "draft" && old.doc_id === op.doc_id && old.tab === op.tab) this.#forget(old.id);
      }
    }
    this.#ops.set(made.id, made);
    if (KEPT.has(op.op)) this.keeps = keep(this.prefix + made.id, JSON.stringify(made));
    if (op.op === "draft") this.flushSoon();
    else this.flush();
    return made;
  }

  #forget(id) {
    this.#ops.delete(id);
    drop(this.prefix + id);
  }

  ack(ids) {
    const known = ids.filter((id) => this.#ops.has(id));
    for (const id of known) this.#forget(id);
    if (known.length) this.#tries = 0;
    if (!this.#ops.size) clearTimeout(this.#retrying);
    if (known.length) this.changed();
  }

  has(id) {
    return this.#ops.has(id);
  }

  flushSoon() {
    this.changed();
    if (!this.#flushing) this.#flushing = setTimeout(() => this.flush(), 120);
  }

  flush() {
    clearTimeout(this.#flushing);
    this.#flushing = 0;
    if (!this.#ops.size) return;
    this.#beat += 1;
    // A beat of its own makes every sending a new value: an equal one would not reach Python's callback.
    this.send({ beat: `${this.#now()}:${this.#beat}`, ops: this.waiting });
    this.changed();
    clearTimeout(this.#retrying);
    const wait = RETRIES_S[Math.min(this.#tries, RETRIES_S.length - 1)];
    this.#tries += 1;
    this.#retrying = setTimeout(() => this.flush(), wait * 1000);
  }

  // The connection may be back: do not wait for the next try.
  hurry() {
    if (this.#tries > 1) this.flush();
  }

  close() {
    if (this.#flushing) this.flush();
    clearTimeout(this.#retrying);
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function drop(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    // Storage is shut off; then nothing was kept.
  }
}

function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

// Writes to storage; where it is full the oldest histories of texts go first, never an operation. False: not kept.
function keep(key, value) {
  for (;;) {
    try {
      localStorage.setItem(key, value);
      return true;
    } catch {
      const texts = storedTexts().filter((text) => text.key !== key);
      if (!texts.length) return false;
      drop(texts[0].key);
    }
  }
}

// The kept histories of texts, oldest first.
function storedTexts() {
  const texts = [];
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (key.startsWith("allabel:text:")) texts.push({ key, at: recall(key)?.at ?? 0 });
    }
  } catch {
    return [];
  }
  return texts.sort((a, b) => a.at - b.at);
}
