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
    const link = all[current].querySelector("a[data-open]") ?? all[current];
    link.focus({ preventScroll: true });
    all[current].scrollIntoView({ block: "nearest" });
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

  // Without scripts the help is a page; with them it is a dialog.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-keys]");
    if (opener && document.getElementById("keys")) {
      event.preventDefault();
      help();
    }
  });
}
