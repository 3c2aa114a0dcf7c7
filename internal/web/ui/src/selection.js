// Rows that can be chosen: boxes in the rows, one for the whole page, and the bar that says how many and what can be done. Without scripts the bar is
// always there and the boxes are sent as they are.
export function selection() {
  let last;

  const form = (node) => node.closest("form");
  const boxes = (f) => Array.from(f.querySelectorAll("[data-pick]"));

  function tell(f) {
    const bar = f.querySelector("[data-selbar]");
    if (!bar) return;
    const picked = boxes(f).filter((box) => box.checked).length;
    const all = Boolean(bar.querySelector("[data-all]")?.checked); // not every list offers all of its hits
    const figure = bar.querySelector("[data-picked]");
    figure.textContent = all ? figure.dataset.total : figure.dataset.words.replace("{n}", picked);
    bar.classList.toggle("on", picked > 0 || all);
    const page = f.querySelector("[data-pick-page]");
    if (page) {
      page.checked = picked > 0 && picked === boxes(f).length;
      page.indeterminate = picked > 0 && !page.checked;
    }
    for (const box of boxes(f)) box.closest("[data-row]")?.classList.toggle("chosen", box.checked || all);
  }

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.("[data-pick]")) return;
    const list = boxes(form(box));
    if (event.shiftKey && last && list.includes(last)) {
      const [from, to] = [list.indexOf(last), list.indexOf(box)].sort((a, b) => a - b);
      for (const between of list.slice(from, to + 1)) between.checked = box.checked;
    }
    last = box;
    tell(form(box));
  });

  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-pick-page]")) {
      for (const row of boxes(form(box))) row.checked = box.checked;
      const all = form(box).querySelector("[data-all]");
      if (!box.checked && all) all.checked = false;
    }
    if (box.matches("[data-pick], [data-pick-page], [data-all]")) tell(form(box));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    const box = event.target.closest("[data-row]")?.querySelector("[data-pick]");
    if (!box) return;
    event.preventDefault();
    box.checked = !box.checked;
    last = box;
    tell(form(box));
  });

  // Coming back to a page, or a page that was filled in before the scripts came.
  const begin = () => {
    for (const bar of document.querySelectorAll("[data-selbar]")) tell(form(bar));
  };
  window.addEventListener("pageshow", begin);
  begin();
  return tell;
}

// Rows that are drawn anew stay chosen. It is called before, and what it returns after.
export function keepChosen(target, tell) {
  const chosen = new Set(Array.from(target.querySelectorAll("[data-pick]:checked"), (box) => box.value));
  const all = target.querySelector("[data-all]")?.checked;
  return (root) => {
    for (const bar of root.querySelectorAll("[data-selbar]")) {
      const f = bar.closest("form");
      for (const box of f.querySelectorAll("[data-pick]")) box.checked = chosen.has(box.value);
      const every = bar.querySelector("[data-all]");
      if (every) every.checked = Boolean(all);
      tell(f);
    }
  };
}
