// Everything beside the text: labels, list, reasons, buttons, keys, and the problem above it.

const BUTTONS = [
  ["undo", "Undo", "Ctrl+Z"],
  ["redo", "Redo", "Ctrl+Y"],
  ["acceptAll", "Accept all", "Shift+Space"],
  ["rejectAll", "Reject all", "Shift+Delete"],
  ["everywhere", "Every occurrence", "."],
  ["everywhereInQueue", "… in the queue", "Ctrl+."],
  ["none", "No entities", "0"],
  ["skip", "Skip", "-"],
  ["openNote", "Flag", "F2"],
  ["back", "Back", "Shift+Enter"],
  ["toggleKeys", "Keys", "?"],
];

const KEYS = [
  ["← →", "move the word cursor"],
  ["Shift + ← →", "extend the selection by words; with Alt by characters"],
  ["label key", "label the selection or the word; relabel the active entity"],
  ["Shift + label key", "label, save and go on"],
  ["↑ ↓", "previous or next entity"],
  ["Shift + ← →", "on an entity: move its end; with Alt by characters"],
  ["Ctrl + ← →", "on an entity: move its start; with Alt by characters"],
  ["Space", "accept the active suggestion"],
  ["Shift + Space", "accept all suggestions"],
  ["Delete", "delete the entity or reject the suggestion"],
  ["Shift + Delete", "reject all suggestions"],
  [".", "label every occurrence in the text"],
  ["Ctrl + .", "label every occurrence in the queue"],
  ["Ctrl + Z, Ctrl + Y", "undo, redo"],
  ["Enter", "accept what is suggested, save, go on"],
  ["Shift + Enter", "go back"],
  ["0", "there are no entities here"],
  ["-", "skip this text"],
  ["F2", "flag this text with a note"],
  ["Escape", "clear the selection"],
  ["mouse", "drag or double-click selects words; with Alt characters"],
];

// A label's colour may be any: some of the text's own keeps black seen on black, and yellow on white.
const shade = (colour) => `color-mix(in srgb, ${colour} 72%, var(--text))`;

class Panels {
  constructor(root, uid) {
    this.root = root;
    this.uid = uid;
    this.options = new Map();
    for (const [what, name, key] of BUTTONS) {
      const button = element("button", "", name);
      button.type = "button";
      button.dataset.do = what;
      button.title = `${name} (${key})`;
      button.append(element("kbd", "", key));
      this.at("buttons").append(button);
    }
    const table = element("dl");
    for (const [key, what] of KEYS) table.append(element("dt", "", key), element("dd", "", what));
    const close = element("button", "", "Close");
    close.type = "button";
    close.dataset.do = "toggleKeys";
    this.at("keys").append(element("h2", "", "Keys"), table, close);
  }

  at(name) {
    return this.root.querySelector(`.se-${name}`);
  }

  palette(labels, keyOf) {
    const palette = this.at("palette");
    palette.replaceChildren();
    for (const [i, label] of labels.entries()) {
      const button = element("button", "se-label");
      button.type = "button";
      button.dataset.label = label.name;
      button.style.setProperty("--c", shade(label.colour));
      const key = keyOf(label);
      if (key) button.append(element("kbd", "", key));
      button.append(element("span", "se-swatch"), element("span", "", label.name));
      if (label.definition) {
        button.title = label.definition;
        const described = element("span", "se-hidden", label.definition);
        described.id = `${this.uid}-label-${i}`;
        button.setAttribute("aria-describedby", described.id);
        palette.append(described);
      }
      palette.append(button);
    }
  }

  pen(pen, on, labels) {
    for (const button of this.at("palette").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.label === pen));
    }
    this.at("pen").setAttribute("aria-pressed", String(on));
    this.at("pen").textContent = on ? "Pen on" : "Pen off";
    this.at("pen").title = on ? "A mouse selection gets the pen's label at once" : "A mouse selection waits for a label key";
    this.define(labels.find((label) => label.name === pen));
  }

  define(label) {
    const line = this.at("definition");
    line.replaceChildren();
    if (label) line.append(element("strong", "", label.name), ` ${label.definition || "(no definition)"}`);
  }

  list(work, active, colourOf, described) {
    const list = this.at("list");
    const marks = work.visible;
    const kept = new Map();
    let place = list.firstChild;
    for (const mark of marks) {
      const key = `${markKey(mark)}:${colourOf(mark.label)}:${described(mark)}`;
      const option = this.options.get(key) ?? this.#option(work, mark, colourOf, described(mark));
      this.options.delete(key);
      kept.set(key, option);
      option.mark = mark;
      const selected = String(mark === active);
      if (option.getAttribute("aria-selected") !== selected) option.setAttribute("aria-selected", selected);
      if (option === place) place = place.nextSibling;
      else list.insertBefore(option, place);
    }
    for (const option of this.options.values()) option.remove();
    this.options = kept;
    const chosen = [...kept.values()].find((option) => option.mark === active);
    if (chosen) list.setAttribute("aria-activedescendant", chosen.id);
    else list.removeAttribute("aria-activedescendant");
    if (chosen) {
      const bottom = chosen.offsetTop + chosen.offsetHeight;
      if (chosen.offsetTop < list.scrollTop) list.scrollTop = chosen.offsetTop;
      else if (bottom > list.scrollTop + list.clientHeight) list.scrollTop = bottom - list.clientHeight;
    }
    const [n, open] = [work.confirmed.length, work.suggested.length];
    const words = n === 1 ? "1 entity" : `${n} entities`;
    this.at("count").textContent = open ? `${words}, ${open} suggested` : words;
    let empty = list.querySelector(".se-empty");
    if (!marks.length && !empty) {
      empty = element("div", "se-empty", "Nothing is marked yet.");
      empty.setAttribute("role", "option");
      empty.setAttribute("aria-disabled", "true");
      list.append(empty);
    } else if (marks.length && empty) empty.remove();
  }

  #option(work, mark, colourOf, state) {
    const option = element("div", `se-option se-${mark.kind}`);
    option.id = `${this.uid}-${(Panels.made += 1)}`;
    option.setAttribute("role", "option");
    option.style.setProperty("--c", colourOf(mark.label));
    const mention = element("bdi", "se-mention", work.text.slice(mark.start, Math.min(mark.end, mark.start + 200)));
    option.append(element("span", "se-swatch"), mention, element("span", "se-name", mark.label));
    // A solid swatch says "confirmed" to the eye; the word is for screen readers, and saves every row a line.
    option.append(element("span", mark.kind === "confirmed" ? "se-state se-hidden" : "se-state", state));
    return option;
  }

  why(mark) {
    const box = this.at("why");
    box.hidden = mark?.kind !== "suggested";
    if (box.hidden) return;
    box.replaceChildren();
    const score = percent(mark.score);
    box.append(element("p", "", `Suggested by ${mark.source || "the model"}${score ? `, score${score}` : ""}.`));
    if (mark.demonstrations.length) {
      const n = mark.demonstrations.length;
      const button = element("button", "", `Show ${counted(n, "demonstration")} behind it`);
      button.type = "button";
      button.dataset.do = "demonstrations";
      button.title = mark.demonstrations.join(", ");
      box.append(button);
    }
  }

  problem(problem, work) {
    const box = this.at("problem");
    box.hidden = !problem;
    box.replaceChildren();
    if (!problem) return;
    box.append(element("p", "", problem.message));
    if (problem.kind !== "conflict") return;
    const theirs = new Set(problem.theirs.map(spanKey));
    const mine = new Set(work.confirmed.map(spanKey));
    const who = problem.theirs_by || "Another person";
    const only = (spans, others) =>
      spans.filter((x) => !others.has(spanKey(x))).map((x) => `${work.quoted(x)} ${x.label}`).join(", ") || "nothing";
    const table = element("dl");
    const when = problem.theirs_at ? `, ${problem.theirs_at}` : "";
    table.append(element("dt", "", `Only ${who} has (of ${problem.theirs.length}${when})`));
    table.append(element("dd", "", only(problem.theirs, mine)));
    table.append(element("dt", "", `Only you have (of ${mine.size})`));
    table.append(element("dd", "", only(work.confirmed, theirs)));
    box.append(table);
    for (const [what, name, key] of [["takeTheirs", "Take theirs", "T"], ["keepMine", "Keep mine", "K"]]) {
      const button = element("button", "", name);
      button.type = "button";
      button.dataset.do = what;
      button.append(element("kbd", "", key));
      box.append(button);
    }
    box.querySelector("button").focus();
  }
}
Panels.made = 0;
