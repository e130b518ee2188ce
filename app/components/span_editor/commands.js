// What a person can do to a text: one function a command, each called with the editor and its argument.

const forwardIn = (editor, right, at) => (editor.view.lineDirection(at) === "rtl" ? !right : right);

// What a label key works on: the selection, the active mark, or the word at the cursor.
function aim(editor) {
  if (editor.selection) return { ...editor.selection, instead: null };
  if (editor.active) return { start: editor.active.start, end: editor.active.end, instead: editor.active };
  const word = editor.work.words.list[editor.cursor];
  if (!word) return null;
  const [start, end] = word;
  // A word inside an entity stands for the entity: nobody means to cut it to that word.
  const around = editor.work.overlap
    ? []
    : editor.work.visible.filter((mark) => mark.start <= start && end <= mark.end);
  if (around.length === 1) return { start: around[0].start, end: around[0].end, instead: around[0] };
  return { start, end, instead: null };
}

function place(editor, target, label) {
  const instead = target.instead?.label === label && target.instead.kind === "suggested" ? null : target.instead;
  const result = editor.work.put(target.start, target.end, label, instead);
  editor.pen = label;
  return editor.did(result, result.mark);
}

// The suggestion that comes after one just answered, so that Space, Space, Delete works through them.
const nextOpen = (editor, mark) =>
  editor.work.suggested.find((other) => other !== mark && byPlace(mark, other) <= 0 && !crosses(mark, other)) ?? null;

const EDITS = {
  label(editor, { label, goOn }) {
    const target = aim(editor);
    if (!target) return editor.say("There is no word here to label.");
    const done = place(editor, target, label.name);
    const labelled = done || editor.work.find("confirmed", target.start, target.end, label.name);
    return goOn && labelled ? editor.run("enter") : undefined;
  },
  resize(editor, { right, atEnd, fine }) {
    const mark = editor.active;
    const words = editor.work.words;
    const at = atEnd ? mark.end : mark.start;
    const forward = forwardIn(editor, right, mark.start);
    const to = fine ? (forward ? words.after(at) : words.before(at)) : words.edge(at, forward, atEnd);
    const [start, end] = atEnd ? [mark.start, to] : [to, mark.end];
    if (to === at || start >= end) return editor.say("It cannot go further that way.");
    const result = editor.work.put(start, end, mark.label, mark);
    return editor.did(result, result.refused ? mark : result.mark);
  },
  remove(editor) {
    const mark = editor.active;
    if (!mark) return editor.say("Nothing is active. Up and Down choose an entity.");
    editor.cursor = editor.work.words.indexAt(mark.start);
    return editor.did(editor.work.delete(mark), mark.kind === "suggested" ? nextOpen(editor, mark) : null);
  },
  accept(editor) {
    const mark = editor.active ?? editor.work.suggested[0];
    if (mark?.kind !== "suggested") {
      return editor.say(mark ? "That is confirmed already." : "Nothing is suggested.");
    }
    if (!editor.active) return editor.activate(mark);
    const result = editor.work.accept(mark);
    return editor.did(result, result.refused ? mark : (nextOpen(editor, mark) ?? result.mark));
  },
  acceptAll: (editor) => editor.did(editor.work.acceptAll(), editor.active),
  rejectAll: (editor) => editor.did(editor.work.rejectAll(), null),
  everywhere(editor) {
    if (!editor.active) return editor.say("Choose an entity first: its label goes to every occurrence.");
    const mark = editor.active;
    const result = editor.work.everywhere(mark);
    return editor.did(result, editor.work.find("confirmed", mark.start, mark.end, mark.label) ?? mark);
  },
  everywhereInQueue(editor) {
    const mark = editor.active;
    if (!mark) return editor.say("Choose an entity first: its label goes to every occurrence in the queue.");
    const text = editor.work.text.slice(mark.start, mark.end);
    editor.post("occurrences", { text, label: mark.label });
    return editor.say(`${editor.work.quoted(mark)} will be suggested as ${mark.label} in the queue.`);
  },
  undo(editor) {
    const result = editor.work.undo();
    return editor.did(result, result.mark ?? null);
  },
  redo(editor) {
    const result = editor.work.redo();
    return editor.did(result, result.mark ?? null);
  },
  enter(editor) {
    const { work } = editor;
    if (work.disputed.length) {
      editor.activate(work.disputed[0]);
      return editor.say(DISPUTED);
    }
    const saidNone = !work.confirmed.length && !work.suggested.length;
    if (saidNone && !editor.answeredNone) return editor.say(NOTHING);
    if (work.suggested.length) editor.did(work.acceptAll(), null);
    return editor.leave("save", { said_none: saidNone }, "Saving…");
  },
  none(editor) {
    const n = editor.work.confirmed.length;
    if (n && !editor.asked) {
      editor.say(`${counted(n, "marked stretch")} would be deleted. Press 0 again to say there are no entities here.`);
      editor.asked = true;
      return undefined;
    }
    if (n || editor.work.suggested.length) editor.did(editor.work.clear(), null);
    return editor.leave("save", { said_none: true }, "Saving: no entities here…");
  },
  takeTheirs(editor) {
    const { theirs, theirs_version: version } = editor.problem;
    editor.version = version;
    editor.did(editor.work.replaceAll("Took the other version. Undo brings yours back.", theirs), null);
    editor.settleProblem();
    editor.post("reload", {});
  },
  keepMine(editor) {
    editor.version = editor.problem.theirs_version;
    editor.settleProblem();
    editor.leave("save", { said_none: !editor.work.confirmed.length }, "Saving yours…");
  },
  skip: (editor) => editor.leave("skip", {}, "Skipping…"),
};

const NOTHING = "Nothing is marked. Press 0 to say there are no entities here.";

const MOVES = {
  move(editor, { right }) {
    const words = editor.work.words.list;
    if (!words.length) return undefined;
    const held = editor.active ?? editor.selection;
    const forward = forwardIn(editor, right, words[editor.cursor][0]);
    let to = editor.cursor + (forward ? 1 : -1);
    if (held && forward) to = editor.work.words.indexFrom(held.end);
    if (held && !forward) to = editor.work.words.indexAt(held.start) - 1;
    editor.cursor = Math.min(Math.max(to, 0), words.length - 1);
    [editor.active, editor.selection] = [null, null];
    editor.shown = true;
    const [start, end] = words[editor.cursor];
    editor.focusOn(start, end);
    const on = editor.work.visible.filter((mark) => mark.start <= start && end <= mark.end);
    const state = on.map((mark) => `, in ${mark.label}${mark.kind === "suggested" ? " (suggested)" : ""}`).join("");
    return editor.say(`${editor.work.text.slice(start, end)}${state}`);
  },
  // Starts from the word at the cursor; the side that grew last is the one that moves.
  extend(editor, { right, fine }) {
    const { words } = editor.work;
    if (!words.list.length) return undefined;
    if (!editor.selection) {
      const [start, end] = words.list[editor.cursor];
      editor.selection = { start, end };
      editor.anchor = { start, end };
    }
    const { start, end } = editor.selection;
    const forward = forwardIn(editor, right, start);
    const grown = end > editor.anchor.end || (start === editor.anchor.start && forward);
    if (fine) {
      const to = forward ? words.after(end) : words.before(end);
      if (to > start) editor.selection = { start, end: to };
    } else if (grown || (forward && start === editor.anchor.start)) {
      const to = words.edge(end, forward, true);
      editor.selection = { start, end: Math.max(to, editor.anchor.end) };
    } else {
      const to = words.edge(start, forward, false);
      editor.selection = { start: Math.min(to, editor.anchor.start), end };
    }
    editor.active = null;
    editor.focusOn(editor.selection.start, editor.selection.end);
    return editor.say(`Selected: ${editor.work.text.slice(editor.selection.start, editor.selection.end)}`);
  },
  step(editor, { forward }) {
    const marks = editor.work.visible;
    if (!marks.length) return editor.say("Nothing is marked or suggested.");
    let to = marks.indexOf(editor.active) + (forward ? 1 : -1);
    if (!editor.active) {
      const at = (editor.selection ?? { start: editor.shown ? editor.work.words.list[editor.cursor][0] : 0 }).start;
      const next = marks.findIndex((mark) => mark.start >= at);
      to = forward ? (next === -1 ? marks.length : next) : (next === -1 ? marks.length : next) - 1;
    }
    if (to < 0 || to >= marks.length) return editor.say(forward ? "That was the last one." : "That was the first one.");
    return editor.activate(marks[to]);
  },
  activate: (editor, { mark }) => editor.activate(mark),
  clicked(editor, { marks, at }) {
    if (marks.length) {
      // The innermost first; clicking on goes outwards.
      const ranked = [...marks].sort((a, b) => a.end - a.start - (b.end - b.start));
      return editor.activate(ranked[(ranked.indexOf(editor.active) + 1) % ranked.length]);
    }
    [editor.active, editor.selection] = [null, null];
    if (at !== null) editor.cursor = editor.work.words.indexAt(at);
    editor.shown = true;
    return editor.refresh();
  },
  selected(editor, { start, end, fine }) {
    const span = editor.work.words.snap(start, end, fine);
    if (!span) return undefined;
    const [same] = editor.work.visible.filter((mark) => mark.start === span[0] && mark.end === span[1]);
    const draws = editor.penOn && editor.editable();
    // Suggestions come while somebody draws: the pen says what it is all the same.
    if (same && !(draws && same.kind === "suggested")) return editor.activate(same);
    editor.active = null;
    editor.selection = { start: span[0], end: span[1] };
    editor.anchor = { ...editor.selection };
    editor.cursor = editor.work.words.indexAt(span[0]);
    if (draws) return place(editor, { ...editor.selection, instead: same ?? null }, editor.pen);
    editor.focusOn(...span);
    return editor.say(`Selected: ${editor.work.text.slice(...span)}`);
  },
  press(editor, { name }) {
    const label = editor.data.labels.find((x) => x.name === name);
    if (editor.selection || editor.active) return editor.run("label", { label, goOn: false });
    editor.pen = name;
    editor.refresh();
    return editor.say(`The pen is ${name}.`);
  },
  togglePen(editor) {
    editor.penOn = !editor.penOn;
    keep("allabel:pen", JSON.stringify(editor.penOn));
    editor.refresh();
    return editor.say(editor.penOn ? "Pen on." : "Pen off.");
  },
  escape(editor) {
    if (!editor.panels.at("keys").hidden) return MOVES.toggleKeys(editor);
    [editor.active, editor.selection] = [null, null];
    return editor.refresh();
  },
  toggleKeys(editor) {
    const keys = editor.panels.at("keys");
    keys.hidden = !keys.hidden;
    (keys.hidden ? editor.scroller : keys).focus({ preventScroll: keys.hidden });
  },
  openNote(editor) {
    editor.panels.at("note").hidden = false;
    editor.panels.at("note").querySelector("input").focus();
  },
  closeNote(editor) {
    editor.panels.at("note").hidden = true;
    editor.scroller.focus({ preventScroll: true });
  },
  demonstrations(editor) {
    if (editor.active?.demonstrations) editor.post("demonstrations", { ids: editor.active.demonstrations });
  },
  back: (editor) => editor.leave("back", {}, "Going back…"),
};

const COMMANDS = { ...MOVES, ...EDITS };
