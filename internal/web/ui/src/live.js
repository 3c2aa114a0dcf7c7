// One stream per page tells that something changed; each fragment that cares then fetches itself. At most once a second, and never for
// more than a fifth of the time: a page whose answer takes long asks seldom.
const pause = 1000;
const share = 5;

export function live(htmx) {
  const stream = document.body.dataset.live;
  if (!stream || !window.EventSource) return;
  const mark = document.getElementById("live");
  let waiting = false;
  let missed = false;
  let source;
  let slowest = 0;

  const asked = new WeakMap();
  document.body.addEventListener("htmx:beforeRequest", (event) => asked.set(event.detail.xhr, performance.now()));
  document.body.addEventListener("htmx:afterRequest", (event) => {
    slowest = Math.max(slowest, performance.now() - (asked.get(event.detail.xhr) ?? performance.now()));
  });

  function tell(state) {
    if (!mark) return;
    mark.dataset.state = state;
    const words = mark.getAttribute("data-text-" + state);
    if (words) mark.querySelector("span").textContent = words;
  }

  function refresh() {
    if (document.hidden) return;
    if (waiting) {
      missed = true;
      return;
    }
    waiting = true;
    missed = false;
    htmx.trigger(document.body, "soroi:changed");
    const next = Math.max(pause, slowest * share);
    slowest = 0;
    window.setTimeout(() => {
      waiting = false;
      if (missed) refresh();
    }, next);
  }

  // Browsers keep few connections per site: a page that nobody looks at gives its own back.
  function open() {
    if (source || document.hidden) return;
    source = new EventSource(stream);
    source.addEventListener("open", () => tell("on"));
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => tell("off"));
  }

  function close() {
    source?.close();
    source = undefined;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      return;
    }
    open();
    refresh();
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    open();
    refresh();
  });
  open();
}
