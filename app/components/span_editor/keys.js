// What a key means. Letters and punctuation by what they print, digits by where they are when the row prints others.

const LEAVING = new Set(["enter", "none", "skip", "back", "everywhereInQueue"]);
const OWN = new Set(["0", "-", ".", "?", " "]);

// The label that a key event names, and whether Shift asked to go on after it.
function labelOf(event, labels) {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const free = labels.filter((label) => label.key && !OWN.has(label.key));
  const named = (key) => free.find((label) => label.key === key);
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  if (event.shiftKey) {
    const label = digit ? named(digit) : named(event.key.toLowerCase());
    if (label) return { label, goOn: true };
    return named(event.key) ? { label: named(event.key), goOn: false } : null;
  }
  const typed = named(event.key) ?? named(event.key.toLowerCase());
  if (typed) return { label: typed, goOn: false };
  // A row that prints other signs without Shift (French keyboards), unless the sign is one of our own keys.
  return digit && !OWN.has(event.key) && named(digit) ? { label: named(digit), goOn: false } : null;
}

// The name of the editor's command for a key event, with its argument; null where the key is not ours.
function commandOf(event, editor) {
  const { key, shiftKey, altKey } = event;
  const control = event.ctrlKey || event.metaKey;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const right = key === "ArrowRight";
    if (editor.active && (shiftKey || control)) return ["resize", { right, atEnd: !control, fine: altKey }];
    if (shiftKey && !control) return ["extend", { right, fine: altKey }];
    return control || altKey ? null : ["move", { right }];
  }
  if (control) {
    if (altKey) return null;
    if (key.toLowerCase() === "z") return [shiftKey ? "redo" : "undo"];
    if (key.toLowerCase() === "y" && !shiftKey) return ["redo"];
    return key === "." ? ["everywhereInQueue"] : null;
  }
  if (altKey) return null;
  switch (key) {
    case "ArrowUp":
    case "ArrowDown":
      return shiftKey ? null : ["step", { forward: key === "ArrowDown" }];
    case "Delete":
    case "Backspace":
      return [shiftKey ? "rejectAll" : "remove"];
    case " ":
      return [shiftKey ? "acceptAll" : "accept"];
    case "Enter":
      return [shiftKey ? "back" : "enter"];
    case "Escape":
      return ["escape"];
    case "F2":
      return ["openNote"];
    case ".":
      return ["everywhere"];
    case "-":
      return ["skip"];
    case "?":
      return ["toggleKeys"];
    case "0":
      return ["none"];
    default:
      break;
  }
  const named = labelOf(event, editor.data.labels);
  if (named) return ["label", named];
  return event.code === "Digit0" && !shiftKey ? ["none"] : null;
}

// What had the focus may be gone from the page (the form somebody signed in by, say), and then nothing has it: keys are
// for what is worked on here. Tab is the browser's.
function listenToStray(target, heard) {
  const stray = (event) => {
    if (event.target !== document.body || event.key === "Tab" || !target.checkVisibility()) return;
    target.focus({ preventScroll: true });
    heard(event);
  };
  // Before Streamlit's own keys hear of it.
  document.addEventListener("keydown", stray, true);
  return () => document.removeEventListener("keydown", stray, true);
}

function listenToKeys(editor) {
  const heard = (event) => {
    if (event.isComposing || !editor.data) return;
    const target = event.target;
    if (target.matches("input")) {
      event.stopPropagation();
      if (event.key === "Escape") {
        event.preventDefault();
        editor.run("closeNote");
      }
      return;
    }
    // A key on a button is that button's.
    if (target.matches("button") && [" ", "Enter"].includes(event.key) && !event.shiftKey) return;
    // Streamlit reruns on "r" and clears its cache on "c": a letter typed here is not meant for it.
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    if (editor.problem?.kind === "conflict" && target.closest(".se-problem") && /^[tk]$/iu.test(event.key)) {
      event.preventDefault();
      editor.run(event.key.toLowerCase() === "t" ? "takeTheirs" : "keepMine");
      return;
    }
    const command = commandOf(event, editor);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    // A key held down a moment too long must not answer the next text, which nobody has read yet.
    if (event.repeat && (LEAVING.has(command[0]) || command[1]?.goOn)) return;
    editor.run(...command);
  };
  editor.root.addEventListener("keydown", heard);
  return listenToStray(editor.scroller, heard);
}

// The mouse: drag or double-click selects, a click makes an entity active, everything with data-do is a command.
function listenToMouse(editor) {
  const text = editor.scroller;
  let pressed = false;
  text.addEventListener("mousedown", (event) => {
    pressed = event.button === 0;
  });
  const release = (event) => {
    if (!pressed) return;
    pressed = false;
    const selection = document.getSelection();
    const drawn = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
    const ends = drawn ? offsetsOf(drawn, editor.view) : null;
    if (ends && ends[0] < ends[1]) {
      selection.removeAllRanges();
      text.focus({ preventScroll: true });
      editor.run("selected", { start: ends[0], end: ends[1], fine: event.altKey });
    } else if (text.contains(event.target)) {
      const marked = event.target.closest?.(".se-seg, .se-tag");
      editor.run("clicked", { marks: marked ? editor.view.marksOf.get(marked) : [], at: pointOf(event, editor.view) });
    }
  };
  // Outside the text too: a drag often ends beside it.
  document.addEventListener("mouseup", release);
  editor.root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    const label = event.target.closest(".se-label");
    const option = event.target.closest(".se-option");
    if (button) editor.run(button.dataset.do);
    else if (label) editor.run("press", { name: label.dataset.label });
    else if (option) editor.run("activate", { mark: option.mark });
  });
  // The toolbar keeps the focus in the text, so that the keys go on working after a click.
  editor.root.addEventListener("mousedown", (event) => {
    if (!event.target.closest("button, .se-option") || event.target.closest(".se-note, .se-keys")) return;
    event.preventDefault();
    if (!editor.root.contains(document.activeElement)) text.focus({ preventScroll: true });
  });
  for (const kind of ["mouseover", "focusin"]) {
    editor.panels.at("palette").addEventListener(kind, (event) => {
      const name = event.target.closest(".se-label")?.dataset.label;
      if (name) editor.panels.define(editor.data.labels.find((label) => label.name === name));
    });
  }
  return () => document.removeEventListener("mouseup", release);
}

// The place in the text under the pointer; null where the browser cannot say.
function pointOf(event, view) {
  const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY);
  if (caret) return view.offsetOf(caret.offsetNode, caret.offset);
  const range = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  return range ? view.offsetOf(range.startContainer, range.startOffset) : null;
}

// The part of a drawn selection that lies in the text.
function offsetsOf(range, view) {
  if (!range.intersectsNode(view.root)) return null;
  const start = view.offsetOf(range.startContainer, range.startOffset);
  const end = view.offsetOf(range.endContainer, range.endOffset);
  return [start ?? 0, end ?? view.text.length];
}
