// Brings the living part of a page up to date. Everything works without it.
"use strict";
(() => {
  const living = document.querySelector("[data-live]");
  if (!living || !window.EventSource) return;
  const here = location.pathname + location.search;
  const source = new EventSource(`${living.dataset.live}?of=${encodeURIComponent(here)}`);
  let first = true;
  // not under somebody's hands: what they fill in, or have opened
  const isBusy = () =>
    living.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")
    || living.querySelector("details.ask[open], details.more[open]");
  source.addEventListener("page", (event) => {
    // the first is what is there already
    if (first) { first = false; if (!living.hasAttribute("data-stale")) return; }
    if (isBusy()) return;
    const focused = document.activeElement && living.contains(document.activeElement)
      ? document.activeElement.id : "";
    const drawn = new DOMParser().parseFromString(event.data, "text/html");
    living.replaceChildren(...drawn.body.childNodes);
    if (focused) document.getElementById(focused)?.focus();
  });
  source.addEventListener("over", () => source.close());
  addEventListener("pagehide", () => source.close());
})();
