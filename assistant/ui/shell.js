// Runs once, when the bar on top appears: everything the markup of the page cannot do by itself. A control says what it
// does in data-do; what the server has to know goes there through `trigger`, the rest happens here.
const frame = () => document.querySelector(".q-frame");
const wide = matchMedia("(min-width: 1000px)");

function showSide(open) {
  frame().dataset.side = open ? "open" : "closed";
  document.querySelector('[data-do="side"]').setAttribute("aria-expanded", String(open));
}

const doing = {
  side: () => showSide(!(frame().dataset.side ? frame().dataset.side === "open" : wide.matches)),
  fresh: () => trigger("fresh"),
};

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-do]");
  if (!control) return;
  event.preventDefault();  // Gradio's <base> turns "#…" into another address where the page's has a query: a reload
  doing[control.dataset.do]?.(control, event);
});
