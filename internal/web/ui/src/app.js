// The scripts of the screens. Every page works without them; they make parts of it quick and keep figures fresh.
import htmx from "htmx.org/dist/htmx.esm.js";
import { Idiomorph } from "idiomorph/dist/idiomorph.esm.js";
import { counting } from "./count.js";
import { keyboard } from "./keyboard.js";
import { live } from "./live.js";
import { keepChosen, selection } from "./selection.js";
import { sheet } from "./sheet.js";

const tellChosen = selection();
sheet();

// A fragment replaces its old self by changing only what differs: focus, scroll and open details stay. What changed
// and carries data-watch lights up for a moment.
htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap: (style, target, fragment) => {
    if (style !== "morph") return false;
    const before = new Map();
    for (const node of target.querySelectorAll("[data-watch]")) before.set(node.id, node.dataset.watch);
    const chooseAgain = keepChosen(target, tellChosen);
    const settled = Idiomorph.morph(target, fragment.children, {
      morphStyle: "outerHTML",
      ignoreActiveValue: true,
      callbacks: {
        // What a person has opened stays open.
        beforeAttributeUpdated: (name, node) => !(name === "open" && node.tagName === "DETAILS"),
      },
    });
    for (const node of settled) {
      if (!node.querySelectorAll) continue;
      for (const watched of node.querySelectorAll("[data-watch]")) {
        if (before.size > 0 && before.get(watched.id) !== watched.dataset.watch) flash(watched);
      }
    }
    for (const node of settled) if (node.querySelectorAll) chooseAgain(node.parentNode ?? node);
    return settled;
  },
});

// A part that draws itself anew may have been asked for before a person asked for something else. Such an answer comes too late.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { elt, path } = event.detail.requestConfig ?? {};
  if (elt?.matches('[hx-trigger*="soroi:changed"]') && elt.hasAttribute("hx-get") && elt.getAttribute("hx-get") !== path) event.detail.shouldSwap = false;
});

function flash(node) {
  node.classList.remove("changed");
  void node.offsetWidth;
  node.classList.add("changed");
  node.addEventListener("animationend", () => node.classList.remove("changed"), { once: true });
}

// A form that asks before it acts says so in data-confirm.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
}, true);

// A select that is a whole form by itself (filters) sends it on change.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// A secret that is shown once: a button that copies it stands there when the browser can, and a click selects all of it.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.textContent = button.dataset.done;
  });
}
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-select]")) event.target.select();
});

keyboard();
live(htmx);
counting();
// From here on keys and clicks are heard. A test that types faster than a browser loads waits for it.
document.documentElement.dataset.scripts = "ready";
