// The board's own script: figures worked out by the server while typing, drafts, what is kept on
// this computer when the server or the session is gone. Without it every page works by its buttons.
"use strict";

document.documentElement.classList.add("js");

const LIVE_AFTER = 400, DRAFT_AFTER = 2000; // milliseconds of rest

function fieldsOf(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string") fields.append(name, value);
  }
  return fields;
}

async function send(form, act) {
  const fields = fieldsOf(form);
  fields.set("act", act);
  return fetch(form.getAttribute("action"), {
    method: "POST", body: fields, redirect: "error", headers: { accept: "application/json" },
  });
}

function keepHere(form) {
  const typed = [...fieldsOf(form)].filter(([name]) => name !== "csrf");
  try {
    const kept = { server: form.dataset.server, typed };
    localStorage.setItem("draft " + form.dataset.key, JSON.stringify(kept));
  } catch { /* no room: the server's draft is what there is */ }
}

function forgetHere(form) {
  localStorage.removeItem("draft " + form.dataset.key);
}

function say(form, text, alarm) {
  const place = form.querySelector("[data-saved]");
  place.textContent = text;
  place.classList.toggle("error", Boolean(alarm));
}

async function saveDraft(form) {
  keepHere(form);
  let answer;
  try {
    answer = await send(form, "keep");
  } catch {
    say(form, form.dataset.offline, true);
    return;
  }
  if (answer.ok) {
    forgetHere(form);
    form.dataset.unsaved = "";
    form.dataset.server = answer.headers.get("x-draft");
    say(form, form.dataset.savedWord + " " + (answer.headers.get("x-saved-at") || ""));
  } else if (answer.status === 401 || answer.status === 403) {
    say(form, form.dataset.ended, true);
    const link = document.createElement("a");
    link.href = location.pathname;
    link.textContent = " ↻";
    link.className = "btn quiet";
    form.querySelector("[data-saved]").append(link);
  } else {
    say(form, form.dataset.offline, true);
  }
}

async function workOut(form) {
  const turn = (form.turn = (form.turn || 0) + 1);
  let told;
  try {
    const answer = await send(form, "preview");
    if (!answer.ok || turn !== form.turn) return;
    told = await answer.json();
  } catch { return; }
  if (turn !== form.turn) return;
  form.dataset.server = told.draft;
  for (const [id, html] of Object.entries(told.lines)) {
    for (const place of document.querySelectorAll(`[data-line="${CSS.escape(id)}"]`)) {
      if (place.innerHTML !== html) place.innerHTML = html;
    }
  }
  for (const [id, lagging] of Object.entries(told.lagging)) {
    const place = document.querySelector(`[data-lagging="${CSS.escape(id)}"]`);
    if (place) {
      const typed = [...place.querySelectorAll("textarea, input")].some((each) => each.value);
      place.hidden = !lagging && !typed;
    }
  }
  for (const place of form.querySelectorAll("p.error[id]")) {
    const path = place.id.slice(0, -2), texts = told.errors[path];
    const input = document.getElementById(path);
    place.hidden = !texts;
    place.textContent = texts ? texts.join(" ") : "";
    if (input && input.matches("input, textarea, select")) {
      if (texts) input.setAttribute("aria-invalid", "true"); else input.removeAttribute("aria-invalid");
    }
  }
  const total = document.querySelector("[data-total]");
  if (total) total.innerHTML = told.total;
  form.querySelector("[data-blocked]").innerHTML = told.blocked;
  form.querySelector("[data-questions]").innerHTML = told.questions;
}

function restore(form) {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem("draft " + form.dataset.key) || "null");
  } catch { kept = null; }
  if (!kept || !Array.isArray(kept.typed)) return;
  if (form.hasAttribute("data-received")) { // the server has it, and shows it
    forgetHere(form);
    return;
  }
  if (kept.server !== form.dataset.server) { // the server got it, or later words, or it was sent
    forgetHere(form);
    return;
  }
  kept = kept.typed;
  for (const input of form.querySelectorAll("input[type=checkbox], input[type=radio]")) {
    input.checked = kept.some(([name, value]) => name === input.name && value === input.value);
  }
  for (const [name, value] of kept) {
    const input = form.elements.namedItem(name);
    if (input instanceof Element && input.matches("input:not([type=checkbox]):not([type=radio]):not([type=hidden]):not([type=file]), textarea, select")) {
      input.value = value;
    }
  }
  say(form, form.dataset.restored);
  workOut(form);
  saveDraft(form);
}

function overriding(form) {
  for (const box of form.querySelectorAll("[data-override]")) {
    const on = box.querySelector("input[value=override]").checked;
    for (const input of box.querySelectorAll(".fields input")) input.disabled = !on;
  }
}

for (const form of document.querySelectorAll("form[data-form]")) {
  let live, draft, leaving = false;
  form.addEventListener("input", () => {
    form.dataset.unsaved = "yes";
    clearTimeout(live);
    clearTimeout(draft);
    live = setTimeout(() => workOut(form), LIVE_AFTER);
    draft = setTimeout(() => saveDraft(form), DRAFT_AFTER);
    keepHere(form);
    overriding(form);
  });
  form.addEventListener("change", () => {
    clearTimeout(draft);
    draft = setTimeout(() => saveDraft(form), LIVE_AFTER);
  });
  form.addEventListener("submit", () => {
    leaving = true;
    clearTimeout(live);
    clearTimeout(draft);
    keepHere(form);
  });
  addEventListener("pagehide", () => { if (form.dataset.unsaved && !leaving) keepHere(form); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      clearTimeout(draft);
      saveDraft(form);
    }
  });
  for (const box of form.querySelectorAll("[data-drop]")) {
    const input = box.querySelector("input[type=file]"), button = box.querySelector("button");
    input.addEventListener("change", () => { if (input.files.length) button.click(); });
    box.addEventListener("dragover", (event) => event.preventDefault());
    box.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) {
        input.files = event.dataTransfer.files;
        button.click();
      }
    });
  }
  restore(form);
  overriding(form);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => print());
}
for (const closed of document.querySelectorAll("#wrong")) closed.focus();
