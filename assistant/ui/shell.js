// Runs once, when the bar on top appears: everything the markup of the page cannot do by itself. A control says what it
// does in data-do; what the server has to know goes there through `trigger`, the rest happens here.

// The tab's name: kept by the browser over a reload, told to the server with every event.
window.quothTab = () => {
  let name = sessionStorage.getItem("quoth-tab");
  if (!name) {
    name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("quoth-tab", name);
  }
  return name;
};

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const wide = matchMedia("(min-width: 1000px)");
const frame = () => document.querySelector(".q-frame");
const bring = (target, block) => target.scrollIntoView({ block, behavior: calm.matches ? "auto" : "smooth" });

// ── the two panels ──

let cameFrom = "";

const sideIsOpen = () => (frame().dataset.side ? frame().dataset.side === "open" : wide.matches);

function showSide(open) {
  frame().dataset.side = open ? "open" : "closed";
}

function openReader(what) {
  frame().dataset.reader = what;
  hidePop();
}

function closeReader() {
  if (!frame().dataset.reader) return;
  delete frame().dataset.reader;
  const back = document.getElementById(cameFrom);
  cameFrom = "";
  if (!back) return;
  back.focus({ preventScroll: true });
  const { top, bottom } = back.getBoundingClientRect();
  if (top < 60 || bottom > innerHeight - 120) bring(back, "center");
}
window.quothReader = openReader;  // reader.js calls it when an article has come

// The mark of one citation in the article that is open: strongest, and in sight.
function follow(article, number) {
  const marks = [...article.querySelectorAll("mark")].filter((m) => m.dataset.numbers.split(" ").includes(number));
  if (!marks.length) return false;
  article.querySelectorAll(".q-now").forEach((other) => other.classList.remove("q-now"));
  marks.forEach((mark) => mark.classList.add("q-now"));
  article.querySelectorAll(".q-step").forEach((step) => {
    step.setAttribute("aria-current", String(step.dataset.citation === number));
  });
  document.querySelectorAll(".q-current").forEach((other) => other.classList.remove("q-current"));
  document.getElementById(`q-${article.dataset.exchange}-c-${number}`)?.classList.add("q-current");
  bring(marks[0], "center");
  return true;
}
window.quothFollow = follow;

function cite(control) {
  const { exchange, citation } = control.dataset;
  cameFrom = control.id || document.querySelector(`a[data-exchange="${exchange}"][data-citation="${citation}"]`)?.id || "";
  const open = document.querySelector(`.q-article[data-exchange="${exchange}"]`);
  if (frame().dataset.reader === "article" && open && follow(open, citation)) {
    open.focus({ preventScroll: true });
  } else {
    trigger("cite", { exchange, citation });
  }
  hidePop();
}

// ── what a number or a mark says when it is pointed at ──

const pop = document.getElementById("q-pop");
let popFor = null;
let popTimer = 0;

function line(name, className, text, dir) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  if (dir) made.dir = dir;
  return made;
}

function fillPop(target) {
  if (target.dataset.explains) {
    pop.replaceChildren(line("p", "q-pop-text", target.dataset.explains, "auto"));
    return true;
  }
  const quote = document.getElementById(`q-${target.dataset.exchange}-c-${target.dataset.citation}`);
  if (!quote) return false;
  pop.replaceChildren(
    line("blockquote", "q-pop-quote", quote.querySelector("blockquote").textContent, "auto"),
    line("p", "q-title", quote.querySelector(".q-title").textContent, "auto"),
    line("p", "q-byline", quote.querySelector(".q-byline").textContent, "auto"),
  );
  return true;
}

function showPop(target) {
  clearTimeout(popTimer);
  if (popFor === target || !fillPop(target)) return;
  hidePop();
  popFor = target;
  target.setAttribute("aria-describedby", "q-pop");
  pop.hidden = false;
  const at = target.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left - 12, innerWidth - pop.offsetWidth - 8));
  const below = at.bottom + 6;
  pop.style.left = `${left}px`;
  pop.style.top = `${below + pop.offsetHeight < innerHeight - 90 ? below : at.top - pop.offsetHeight - 6}px`;
}

function hidePop() {
  clearTimeout(popTimer);
  if (!popFor) return false;
  popFor.removeAttribute("aria-describedby");
  popFor = null;
  pop.hidden = true;
  return true;
}

const pointed = (event) => event.target.closest?.("a.q-ref, .q-flag");

document.addEventListener("mouseover", (event) => {
  const target = pointed(event);
  clearTimeout(popTimer);
  if (target) popTimer = setTimeout(() => showPop(target), popFor ? 0 : 120);
  else if (popFor && !event.target.closest?.("#q-pop")) popTimer = setTimeout(hidePop, 200);
});
document.addEventListener("focusin", (event) => {
  const target = pointed(event);
  if (target && target.matches(":focus-visible")) showPop(target);
  else hidePop();
});
addEventListener("scroll", hidePop, { capture: true, passive: true });

// ── controls ──

const doing = {
  side: () => showSide(!sideIsOpen()),
  close: closeReader,
  cite,
  mark: (control) => follow(control.closest(".q-article"), control.dataset.citation),
  explain: (control) => (popFor === control ? null : showPop(control)),
  fresh: () => trigger("fresh"),
  again: () => trigger("again"),
  suggest: (control) => trigger("suggest", { number: control.dataset.number }),
  edit: () => {
    trigger("edit");
    document.querySelector(".q-box textarea").focus();
  },
  keep: () => trigger("keep"),
  details: (control) => {
    cameFrom = control.id;
    trigger("details", { exchange: control.dataset.exchange });
  },
  settings: (control) => {
    if (frame().dataset.reader === "settings") return closeReader();
    cameFrom = control.id;
    trigger("settings");
    openReader("settings");
    document.querySelector(".q-settings .q-close").focus();
  },
  help: () => document.getElementById("q-keys").showModal(),
  unhelp: () => document.getElementById("q-keys").close(),
  withdraw: (control) => trigger("withdraw", { number: control.dataset.number }),
};

document.addEventListener("click", (event) => {
  if (event.target === frame() && !wide.matches && sideIsOpen()) showSide(false);  // beside the drawer
  const control = event.target.closest?.("[data-do]");
  if (!control) return;
  event.preventDefault();  // Gradio's <base> turns "#…" into another address where the page's has a query: a reload
  doing[control.dataset.do]?.(control, event);
});

// ── keys ──

// The citation before or after the current one in the open article.
function step(by) {
  const steps = [...document.querySelectorAll(".q-article .q-step")];
  const now = steps.findIndex((one) => one.getAttribute("aria-current") === "true");
  steps[Math.max(0, Math.min(steps.length - 1, now + by))]?.click();
}

const keys = {
  "/": () => document.querySelector(".q-box textarea").focus(),
  "?": () => doing.help(),
  "[": () => step(-1),
  "]": () => step(1),
  m: () => doing.side(),
  n: () => doing.fresh(),
};

document.addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (writing || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

// Escape goes back one step: the small window, the panel, the answer that is being written.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (hidePop()) return;
  if (frame().dataset.reader) closeReader();
  else if (!wide.matches && sideIsOpen()) showSide(false);
  else document.querySelector(".q-box .stop-button")?.click();
});

// ── what was typed and not asked yet: kept over a reload, also the one after the server came back ──

// The box may be made, or emptied by the page that is still being built, after this runs: so for some seconds it is looked
// at again, until somebody types. A page that is left before that hands on what it was given.
let typed = sessionStorage.getItem("quoth-typed") ?? "";
sessionStorage.removeItem("quoth-typed");
const retyping = setInterval(() => {
  const box = document.querySelector(".q-box textarea");
  if (!typed || !box || box.value) return;
  box.value = typed;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}, 100);
function retyped() {
  clearInterval(retyping);
  typed = "";
}
setTimeout(retyped, 5000);
for (const acted of ["keydown", "click"]) document.addEventListener(acted, retyped, { once: true });
addEventListener("pagehide", () => {
  sessionStorage.setItem("quoth-typed", document.querySelector(".q-box textarea")?.value || typed);
});

// ── dates as the reader writes them ──

const dates = new Intl.DateTimeFormat(navigator.language, { dateStyle: "medium", timeZone: "UTC" });
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const day = new Date(`${time.getAttribute("datetime")}T00:00:00Z`);
    const told = Number.isNaN(day.getTime()) ? "" : dates.format(day);
    if (told && time.textContent !== told) time.textContent = told;
  }
}
new MutationObserver(() => localise(document))
  .observe(document.body, { childList: true, subtree: true, characterData: true });
localise(document);
