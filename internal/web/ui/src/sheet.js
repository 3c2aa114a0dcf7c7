// A grid of fields that is typed in like a spreadsheet: arrows move, Enter goes down, Esc brings the number back that was there, and a block that was
// copied from a spreadsheet is laid down from the field on which it is pasted.
export function sheet() {
  const fields = (form) => Array.from(form.querySelectorAll("[data-at]"));
  const place = (field) => field.dataset.at.split(".").map(Number);
  const at = (form, where) => form.querySelector(`[data-at="${where.join(".")}"]`);

  function count(form) {
    let changed = 0;
    for (const field of fields(form)) {
      const other = field.value.trim() !== field.dataset.was;
      field.classList.toggle("changed", other);
      if (other) changed++;
    }
    const told = form.querySelector("[data-changes]");
    if (told) told.textContent = changed === 0 ? "" : form.dataset.unsaved.replace("0", String(changed));
  }

  // The next field that way; places without a field are passed over.
  function move(field, down, across) {
    const form = field.closest("[data-sheet]");
    let [table, row, column] = place(field);
    for (let i = 0; i < 500; i++) {
      row += down;
      column += across;
      if (row < 0 || column < 0) return false;
      const next = at(form, [table, row, column]);
      if (next) {
        next.focus();
        next.select();
        return true;
      }
      if (!fields(form).some((f) => { const [t, r, c] = place(f); return t === table && (down ? (r - row) * down > 0 && c === column : (c - column) * across > 0 && r === row); })) return false;
    }
    return false;
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-at]") || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const whole = field.selectionStart === 0 && field.selectionEnd === field.value.length;
    const start = field.selectionStart === 0 && field.selectionEnd === 0;
    const end = field.selectionStart === field.value.length && field.selectionEnd === field.value.length;
    let moved = false;
    switch (event.key) {
      case "ArrowDown":
        moved = move(field, 1, 0);
        break;
      case "ArrowUp":
        moved = move(field, -1, 0);
        break;
      case "ArrowLeft":
        moved = (whole || start) && move(field, 0, -1);
        break;
      case "ArrowRight":
        moved = (whole || end) && move(field, 0, 1);
        break;
      case "Enter":
        move(field, event.shiftKey ? -1 : 1, 0);
        moved = true; // Enter never sends a half-typed grid
        break;
      case "Escape":
        field.value = field.dataset.was;
        field.select();
        count(field.closest("[data-sheet]"));
        moved = true;
        break;
    }
    if (moved) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("[data-at]")) event.target.select();
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-at]")) count(event.target.closest("[data-sheet]"));
  });

  document.addEventListener("paste", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-at]")) return;
    const text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!/[\t\n]/.test(text)) return; // a single number goes where the cursor is
    event.preventDefault();
    const form = field.closest("[data-sheet]");
    const [table, row, column] = place(field);
    let beside = 0;
    text.split("\n").forEach((line, down) => line.split("\t").forEach((cell, across) => {
      const to = at(form, [table, row + down, column + across]);
      if (to) to.value = cell.trim();
      else if (cell.trim() !== "") beside++;
    }));
    count(form);
    const told = form.querySelector("[data-changes]");
    if (told && beside > 0) told.textContent += ` (+${beside} ✕)`;
  });

  const countAll = () => document.querySelectorAll("[data-sheet]").forEach(count);
  countAll();
  window.addEventListener("pageshow", countAll);
}
