// Counting with a scanner, which types a code and Enter. What was read is kept in the browser until the server has answered, and sent again until it does: each entry has a
// key of its own, so nothing counts twice. Entries go one after another, in their order.
const root = () => document.querySelector("[data-count]");

export function counting() {
  const page = root();
  const form = document.getElementById("scan");
  if (!page || !form) return;
  const place = "soroi-count-" + page.dataset.count;
  const code = form.elements.code;
  const units = form.elements.units;
  const badge = document.getElementById("queue");
  const trouble = document.getElementById("trouble");
  let queue = read();
  let last; // the entry that *12 is about
  let sending = false;
  let waiting = 0;
  let state = "";
  let sound;

  // What waits from before has been made by a clock that may have stopped; the wall clock bridges that.
  function read() {
    try {
      const kept = JSON.parse(localStorage.getItem(place) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }

  function keep() {
    try {
      if (queue.length) localStorage.setItem(place, JSON.stringify(queue));
      else localStorage.removeItem(place);
    } catch {
      state = "full";
    }
    const words = { off: page.dataset.off, signin: page.dataset.signin, full: page.dataset.full }[state];
    badge.hidden = queue.length === 0 || (!words && queue.length < 2);
    badge.querySelector("span").textContent = page.dataset.wait.replace("{n}", queue.length) + (words ? " — " + words : "");
    page.dataset.waiting = queue.length;
  }

  function key() {
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
  }

  function add(entry) {
    queue.push({ key: key(), at: Date.now(), ...entry });
    keep();
    send();
    return queue[queue.length - 1];
  }

  function take() {
    const text = code.value.trim().replaceAll("＊", "*");
    code.value = "";
    const times = /^\*\s*([0-9０-９]{1,9})$/.exec(text);
    if (times) {
      if (!last) return beep(false);
      undo(last.key);
      last = add({ code: last.code, units: times[1], mode: "add" });
      return;
    }
    const many = /^([0-9]{1,5})\*(.+)$/.exec(text);
    const entry = { code: many ? many[2] : text, units: many ? many[1] : units.value, mode: form.elements.mode.value };
    if (form.elements.picked?.value) entry.picked = form.elements.picked.value;
    if (!entry.code) return;
    last = add(entry);
    units.value = "1";
    if (form.elements.picked) form.elements.picked.value = "";
    form.querySelector("input[name=mode][value=add]").checked = true;
  }

  // What was never sent needs no undoing.
  function undo(of) {
    const at = queue.findIndex((entry) => entry.key === of && !entry.tried);
    if (at >= 0) {
      queue.splice(at, 1);
      keep();
      return;
    }
    add({ undo: of });
  }

  async function send() {
    if (sending || !queue.length) return;
    sending = true;
    window.clearTimeout(waiting);
    const entry = queue[0];
    entry.tried = true;
    keep();
    let again = 0;
    try {
      const body = new URLSearchParams({ token: form.elements.token.value, key: entry.undo ?? entry.key, all: document.getElementById("panel").dataset.all });
      if (!entry.undo) {
        for (const name of ["code", "units", "mode", "picked"]) if (entry[name] !== undefined) body.set(name, entry[name]);
        body.set("ago", Math.max(0, Math.round(Date.now() - entry.at)));
      }
      const answer = await fetch(form.action.replace(/scan$/, entry.undo ? "undo-scan" : "scan"), { method: "POST", body, headers: { "Soroi-Scan": "1" } });
      const text = answer.ok ? await answer.text() : "";
      const panel = text.includes('id="panel"') && new DOMParser().parseFromString(text, "text/html").getElementById("panel");
      if (panel && !answer.redirected) {
        state = "";
        queue.shift();
        show(panel, entry);
      } else if (answer.redirected || answer.status === 403 || answer.status === 401) {
        state = "signin";
        again = 5000;
      } else {
        state = "off";
        again = 3000;
      }
    } catch {
      state = "off";
      again = 2000;
    }
    sending = false;
    keep();
    if (again) waiting = window.setTimeout(send, again);
    else send();
  }

  function show(panel, entry) {
    const good = ["taken", "undone"].includes(panel.dataset.result);
    const old = document.getElementById("panel");
    // An entry that could not be taken must not go by unseen while others follow.
    if (!good) {
      const row = document.createElement("li");
      row.textContent = (entry.undo ? "" : `${entry.code} ×${entry.units} `) + panel.dataset.sentence;
      trouble.querySelector("ul").append(row);
      trouble.hidden = false;
      if (last?.key === entry.key) last = undefined;
    }
    old.replaceWith(panel);
    if (document.activeElement === document.body) code.focus();
    if (entry.undo === last?.key) last = undefined;
    beep(good);
  }

  function beep(good) {
    page.classList.remove("good", "bad");
    void page.offsetWidth;
    page.classList.add(good ? "good" : "bad");
    if (!good) navigator.vibrate?.([120, 60, 120]);
    try {
      sound ??= new AudioContext();
      const tone = sound.createOscillator();
      const volume = sound.createGain();
      tone.frequency.value = good ? 1400 : 220;
      tone.type = good ? "sine" : "square";
      volume.gain.value = 0.08;
      tone.connect(volume).connect(sound.destination);
      tone.start();
      tone.stop(sound.currentTime + (good ? 0.07 : 0.45));
    } catch {
      // A browser without sound shows the colour.
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take();
    code.focus();
  });
  page.addEventListener("submit", (event) => {
    const candidate = event.submitter?.matches("[data-candidate]") && event.submitter.value;
    if (candidate) {
      event.preventDefault();
      last = add({ code: candidate, units: event.target.elements.units.value, mode: "add" });
    } else if (event.submitter?.matches("[data-undo]")) {
      event.preventDefault();
      undo(event.submitter.value);
    }
    code.focus();
  });
  trouble.querySelector("button").addEventListener("click", () => {
    trouble.querySelector("ul").replaceChildren();
    trouble.hidden = true;
    code.focus();
  });
  // The code field has the focus unless a person uses another one.
  document.addEventListener("focusout", () => window.setTimeout(() => {
    const on = document.activeElement;
    if (!on || on === document.body || on.id === "main") code.focus();
  }, 0));
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) send();
  });
  code.focus();
  keep();
  send();
}
