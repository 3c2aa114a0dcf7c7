// One stream per page tells that something changed; each fragment that cares then fetches itself, at most once a second.
const pause = 1000;

export function live(htmx) {
  const stream = document.body.dataset.live;
  if (!stream || !window.EventSource) return;
  const mark = document.getElementById("live");
  let waiting = false;
  let missed = false;
  let source;

  function tell(state) {
    if (!mark) return;
    mark.dataset.state = state;
    const words = mark.getAttribute("data-text-" + state);
    if (words) mark.querySelector("span").textContent = words;
  }

  function refresh() {
    if (document.hidden) {
      missed = true;
      return;
    }
    if (waiting) {
      missed = true;
      return;
    }
    waiting = true;
    missed = false;
    htmx.trigger(document.body, "soroi:changed");
    window.setTimeout(() => {
      waiting = false;
      if (missed) refresh();
    }, pause);
  }

  function open() {
    source = new EventSource(stream);
    source.addEventListener("open", () => tell("on"));
    source.addEventListener("changed", refresh);
    source.addEventListener("error", () => tell("off"));
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && missed) refresh();
  });
  window.addEventListener("pagehide", () => source?.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      open();
      refresh();
    }
  });
  open();
}
