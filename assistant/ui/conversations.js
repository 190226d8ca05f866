// Runs once, when the list of conversations appears: what its buttons do, and those that judge an answer.
const narrow = matchMedia("(max-width: 999px)");

function closeDrawer() {
  if (narrow.matches && document.querySelector(".q-frame").dataset.side === "open") {
    document.querySelector('[data-do="side"]').click();
  }
}

// A file made here, from what the server tells: nothing is left on its disk.
async function save(control) {
  const file = await server.export_conversation({ id: control.dataset.id, form: control.dataset.form });
  if (file.failure) {
    trigger("told", { failure: file.failure });
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file.content], { type: file.type }));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  control.closest("details").open = false;
}

function judge(control) {
  const why = control.closest(".q-why");
  trigger("judge", {
    number: control.dataset.number,
    verdict: control.dataset.verdict,
    reason: control.dataset.reason ?? why?.dataset.reason ?? "",
    note: why?.querySelector("textarea")?.value ?? "",
  });
}

const named = (control) => ({ id: control.dataset.id });
const retitle = (id) => trigger("retitle", { id, title: document.getElementById(`q-title-${id}`).value });
const doing = {
  reopen: (control) => { trigger("reopen", named(control)); closeDrawer(); },
  retitle: (control) => retitle(control.dataset.id),
  discard: (control) => trigger("discard", named(control)),
  bringback: (control) => trigger("bringback", named(control)),
  export: save,
  fresh: closeDrawer,
  judge,
};

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-do]");
  if (control) doing[control.dataset.do]?.(control);
  // A menu closes when something else is clicked.
  for (const open of document.querySelectorAll(".q-list details[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.(".q-title-box");
  if (event.key === "Enter" && box) retitle(box.dataset.id);
  const menu = event.target.closest?.(".q-list details[open]");
  if (event.key !== "Escape" || !menu) return;
  event.stopImmediatePropagation();
  menu.open = false;
  menu.querySelector("summary").focus();
}, true);

const moments = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeStyle: "short" });
function localise() {
  for (const time of element.querySelectorAll("time[data-moment]")) {
    const moment = new Date(time.dataset.moment);
    if (!Number.isNaN(moment.getTime())) time.textContent = moments.format(moment);
  }
}
watch("value", localise);
localise();
