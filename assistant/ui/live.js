// Runs once, when the live exchange's component appears. `element` is that component; `watch` calls back after each
// change of its markup. Only behaviour that markup cannot have: following a number to its quote, keeping what a reader
// opened open while the answer grows, showing a new question from its top, and Escape for Stop.
const opened = new Set();
let newest = "";

function bring(target, block) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  target.scrollIntoView({ block, behavior: calm ? "auto" : "smooth" });
}

document.addEventListener("click", (event) => {
  const reference = event.target.closest?.("a.q-ref");
  if (!reference) return;
  event.preventDefault();  // Gradio's <base> turns "#…" into another address where the page's has a query: a reload
  const quote = document.getElementById(reference.hash.slice(1));
  if (!quote) return;
  document.querySelectorAll(".q-current").forEach((other) => other.classList.remove("q-current"));
  quote.classList.add("q-current");
  bring(quote, "center");
  quote.focus({ preventScroll: true });
});

document.addEventListener("toggle", (event) => {
  if (event.target.id && event.target.open) opened.add(event.target.id);
  else opened.delete(event.target.id);
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".q-box .stop-button")?.click();
});

watch("value", () => {
  for (const id of opened) {
    const details = document.getElementById(id);
    if (details && !details.open) details.open = true;
  }
  const exchange = element.querySelector(".q-exchange");
  if (exchange && exchange.id !== newest) bring(exchange, "start");
  newest = exchange ? exchange.id : "";
});
