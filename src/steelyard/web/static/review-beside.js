// The trace beside the item of a review: open where there is room, unless it was closed.
const WIDE = "(min-width: 1320px)";
const STEPS = "steelyard-review-steps";

export function beside(root) {
  const details = root.querySelector("[data-beside]");
  if (!details) return;
  details.addEventListener("toggle", () => load(details));
  let wanted = null;
  try {
    wanted = localStorage.getItem(STEPS);
  } catch {
    wanted = null;
  }
  details.open = wanted === null ? matchMedia(WIDE).matches : wanted === "open";
}

function load(details) {
  try {
    if (details.open === matchMedia(WIDE).matches) localStorage.removeItem(STEPS);
    else localStorage.setItem(STEPS, details.open ? "open" : "closed");
  } catch {
    // it opens as wide screens do
  }
  const place = details.querySelector("[data-steps]");
  if (!details.open || place.dataset.loaded || !globalThis.htmx) return;
  place.dataset.loaded = "yes";
  globalThis.htmx.ajax("GET", details.dataset.beside, { target: place, swap: "innerHTML ignoreTitle:true" });
}
