// Runs once, when the live exchange's component appears. `element` is that component; `watch` calls back after each
// change of its markup. Keeps what a reader opened open while the answer grows, and shows a new question from its top.
const opened = new Set();
let newest = "";

document.addEventListener("toggle", (event) => {
  if (event.target.id && event.target.open) opened.add(event.target.id);
  else opened.delete(event.target.id);
}, true);

watch("value", () => {
  for (const id of opened) {
    const details = document.getElementById(id);
    if (details && !details.open) details.open = true;
  }
  const exchange = element.querySelector(".q-exchange");
  if (exchange && exchange.id !== newest) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || exchange.matches(".q-answered");
    const show = () => exchange.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
    requestAnimationFrame(() => requestAnimationFrame(show));  // once what stood there before is gone
  }
  if (newest && exchange && exchange.id !== newest) trigger("turned");  // the one before is over, and kept
  newest = exchange ? exchange.id : "";
});
