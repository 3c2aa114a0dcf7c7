// A grid of fields that is typed in like a spreadsheet: arrows move, Enter goes down, Esc brings the number back that was there, and a block that was
// copied from a spreadsheet is laid down from the field on which it is pasted.
export function sheet() {
  const fields = (form) => Array.from(form.querySelectorAll("[data-at]"));
  const place = (field) => field.dataset.at.split(".").map(Number);
  const at = (form, where) => form.querySelector(`[data-at="${where.join(".")}"]`);

  // What a field says, as the server will read it: wide digits and commas are fine. null is nothing, NaN what cannot be read.
  function read(field, layer) {
    const text = field.value.normalize("NFKC").trim().replaceAll(",", "");
    if (text === "") return layer === "on_hand" && field.dataset.was !== "" ? NaN : null;
    if (layer === "secured" && /^\d{1,3}%$/.test(text)) return Number(text.slice(0, -1)) <= 100 ? null : NaN;
    const n = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (n > 1_000_000_000) return NaN;
    // What was below zero may stay so, as long as nobody touches it.
    return Number.isNaN(n) && field.value.trim() === field.dataset.was ? null : n;
  }

  const say = (text, n) => text.replace("{n}", n.toLocaleString("ja-JP"));
  const signed = (n) => (n > 0 ? "+" : n < 0 ? "−" : "±") + Math.abs(n).toLocaleString("ja-JP");

  // Marks what differs from before and what cannot be read, and tells both before anything is saved.
  function count(form, more) {
    const layer = form.dataset.sheet;
    let changed = 0, sum = 0, unread = 0;
    for (const field of fields(form)) {
      const other = field.value.trim() !== field.dataset.was;
      const n = read(field, layer);
      const bad = Number.isNaN(n);
      field.classList.toggle("changed", other);
      if (bad) field.setAttribute("aria-invalid", "true");
      else if (field.matches("[aria-invalid]") && !field.parentNode.querySelector(".wrong")) field.removeAttribute("aria-invalid");
      const cell = field.closest("td");
      delete cell.dataset.diff;
      if (bad) unread++;
      if (!other) continue;
      changed++;
      const was = Number(field.dataset.was);
      if (layer === "on_hand" && n !== null && !bad && field.dataset.was !== "") {
        sum += n - was;
        cell.dataset.diff = `${was.toLocaleString("ja-JP")} ${signed(n - was)}`;
      } else if (field.dataset.was !== "") cell.dataset.diff = field.dataset.was + " →";
    }
    const told = form.querySelector("[data-changes]");
    if (!told) return unread;
    const words = [];
    if (changed > 0) words.push(say(form.dataset.unsaved, changed) + (sum !== 0 ? "（" + form.dataset.sum.replace("{n}", signed(sum)) + "）" : ""));
    if (unread > 0) words.push(say(form.dataset.unread, unread));
    if (more) words.push(more);
    told.textContent = words.join("　");
    told.classList.toggle("minus", unread > 0);
    return unread;
  }

  // What cannot be read is not sent: the first of it gets the focus.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches?.("[data-sheet]") || count(form) === 0) return;
    event.preventDefault();
    const bad = fields(form).find((field) => Number.isNaN(read(field, form.dataset.sheet)));
    bad.focus();
    bad.select();
  }, true);

  document.addEventListener("reset", (event) => {
    if (!event.target.matches?.("[data-sheet]")) return;
    event.preventDefault();
    for (const field of fields(event.target)) field.value = field.dataset.was;
    count(event.target);
  });

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
    count(form, beside > 0 ? say(form.dataset.beside, beside) : "");
  });

  const countAll = () => document.querySelectorAll("[data-sheet]").forEach((form) => count(form));
  countAll();
  window.addEventListener("pageshow", countAll);
}
