// Runs once, when the library appears: what its buttons and boxes do.
const id = (control) => ({ id: control.dataset.id });
const number = (control) => ({ number: control.dataset.number });
const doing = {
  read: (control) => trigger("read", id(control)),
  takeout: (control) => trigger("takeout", id(control)),
  undo: (control) => trigger("undo", number(control)),
  dismiss: (control) => trigger("dismiss", number(control)),
  unfilter: () => trigger("narrow", { since: "", until: "", sources: [] }),
};

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-do]");
  if (control) doing[control.dataset.do]?.(control);
});

document.addEventListener("change", (event) => {
  if (!event.target.dataset?.filter) return;
  const day = (name) => document.getElementById(`q-filter-${name}`)?.value ?? "";
  const chosen = [...document.querySelectorAll('[data-filter="source"]:checked')].map((box) => box.value);
  trigger("narrow", { since: day("since"), until: day("until"), sources: chosen });
});
