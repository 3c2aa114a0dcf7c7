// The keys that an operator uses all day: / searches, j and k walk the list, Enter opens, ? explains.
export function keyboard() {
  let current = -1;
  const rows = () => Array.from(document.querySelectorAll("[data-row]"));

  function walk(step) {
    const all = rows();
    if (all.length === 0) return;
    const focused = all.indexOf(document.activeElement?.closest("[data-row]"));
    if (focused >= 0) current = focused;
    current = Math.min(Math.max(current + step, 0), all.length - 1);
    const link = all[current].querySelector("[data-open]") ?? all[current].querySelector("a, button, input:not([type=hidden])") ?? all[current];
    link.focus({ preventScroll: true });
    all[current].scrollIntoView({ block: "nearest" });
  }

  // A key that the row under the hand has for itself: a choice is taken, a field is entered.
  function choose(key) {
    const row = document.activeElement?.closest("[data-row]");
    const own = row && Array.from(row.querySelectorAll("[data-key]")).find((node) => node.dataset.key === key);
    if (!own) return false;
    if (own.matches("input")) own.focus();
    else own.click();
    return true;
  }

  function help() {
    const dialog = document.getElementById("keys");
    if (!dialog) return;
    if (dialog.open) dialog.close();
    else dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const typing = event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && typing) {
      event.target.blur();
      return;
    }
    if (typing) return;
    if (choose(event.key)) {
      event.preventDefault();
      return;
    }
    switch (event.key) {
      case "/": {
        const search = document.querySelector("main input[type=search]") ?? document.querySelector("input[type=search]");
        if (!search) return;
        event.preventDefault();
        search.focus();
        search.select();
        break;
      }
      case "j":
        walk(1);
        break;
      case "k":
        walk(-1);
        break;
      case "ArrowDown":
      case "ArrowUp":
        if (!event.target.closest("[data-row]")) return;
        event.preventDefault();
        walk(event.key === "ArrowDown" ? 1 : -1);
        break;
      case "?":
        event.preventDefault();
        help();
        break;
      case "g":
        document.querySelector("[data-home]")?.focus();
        break;
    }
  });

  // A row that has been dealt with hands on to the next one, so that a hundred of them are a hundred keys.
  let next = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (!form.matches("[data-advance]")) return;
    const row = form.closest("[data-row]");
    next = row.contains(document.activeElement) ? { form, at: rows().indexOf(row) } : null;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (next === null || event.detail.requestConfig?.elt !== next.form) return;
    const at = next.at;
    next = null;
    const all = rows();
    const wrong = all[at]?.querySelector("[aria-invalid=true]");
    if (wrong) {
      wrong.focus();
      return;
    }
    const open = all.slice(at).find((row) => row.querySelector("[data-open]"));
    if (!open) return;
    current = all.indexOf(open);
    open.querySelector("[data-open]").focus({ preventScroll: true });
    open.scrollIntoView({ block: "nearest" });
  });

  // Without scripts the help is a page; with them it is a dialog.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-keys]");
    if (opener && document.getElementById("keys")) {
      event.preventDefault();
      help();
    }
  });
}
