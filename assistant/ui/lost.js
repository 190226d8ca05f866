// Runs once, when the line under the question box appears. Gradio sees that its server is gone only with the next event,
// so an answer that was being written would stand still for ever. So the server is asked now and then whether it is
// still the one this page came from. Where it cannot be reached and an answer is awaited, that is said where the answer
// would go on; where there is one again, the page is loaded anew and what had no answer yet stands in the box.
const pulse = `${window.gradio_config.root ?? ""}${window.gradio_config.api_prefix ?? ""}/app_id`;
const unanswered = ".q-searching, .q-reading, .q-writing";
const said = () => document.getElementById("q-lost");

const awaited = () => document.querySelector(".q-box .stop-button, .q-waiting [data-do=withdraw]") !== null;
const texts = (selector) => [...document.querySelectorAll(selector)].map((found) => found.textContent);

async function reached() {
  try {
    const told = await fetch(pulse, { cache: "no-store" });
    if (told.status >= 500) return "none";  // what a proxy says for a server that is not there
    return told.ok && (await told.json()).app_id === window.gradio_config.app_id ? "same" : "other";
  } catch {
    return "none";
  }
}

function say() {
  if (said()) return;
  const note = document.createElement("p");
  note.id = "q-lost";
  note.setAttribute("role", "alert");
  note.textContent = "The connection to Quoth was lost. If it was ended, start it again with quoth ui: this page then "
    + "goes on by itself, with your question in the box.";
  document.querySelector(".q-frame").dataset.lost = "yes";
  document.querySelector(".q-live").append(note);
  note.scrollIntoView({ block: "center" });
}

// Questions without an answer back into the box, before what was being typed. A server that was only out of reach for a
// moment still has them in line.
function putBack() {
  const box = document.querySelector(".q-box textarea");
  const asked = [...texts(`.q-live :is(${unanswered}) .q-question`), ...texts(".q-waiting bdi.q-waits")];
  box.value = [...asked, box.value].filter((text) => text.trim()).join("\n");
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

let now = "same";
async function look() {
  now = document.hidden ? now : await reached();
  if (now === "none" && awaited()) say();
  if (now === "other" || (now === "same" && said())) location.reload();
  else setTimeout(look, awaited() || said() ? 2000 : 5000);
}
setTimeout(look, 2000);
addEventListener("beforeunload", () => now !== "same" && putBack());  // Gradio may be the first to load it anew
