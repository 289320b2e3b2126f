// <review-keys>: items are answered with the keyboard alone, see the list that ? opens. An answer that could not be sent is
// kept in this browser and sent again, under the same submission, when the server is back.
import { beside } from "./review-beside.js";
import { announce } from "./swaps.js";

const AGAIN = 4000;

class ReviewKeys extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("#answer");
    this.item = this.querySelector("#item");
    this.shown = performance.now();
    this.away = 0;
    this.heard = [];
    this.on(document, "keydown", (event) => this.key(event));
    this.on(document, "visibilitychange", () => this.look());
    this.on(document, "htmx:sendError", (event) => this.failed(event));
    this.on(document, "htmx:timeout", (event) => this.failed(event));
    this.on(document, "htmx:beforeSwap", (event) => this.arrived(event));
    this.on(window, "online", () => this.resend());
    this.form?.addEventListener("submit", (event) => this.sending(event), true);
    this.addEventListener("change", (event) => this.changed(event.target));
    this.addEventListener("focusin", (event) => this.reach(event.target.closest("[data-question]")));
    beside(this);
    this.mark(this.questions.find((one) => one.querySelector("[role=alert]")) ?? this.questions[0], { quiet: true });
    if (this.item && !this.item.contains(document.activeElement) && !this.contains(document.activeElement)) this.rest();
    this.resend();
  }

  disconnectedCallback() {
    for (const [where, what, does] of this.heard) where.removeEventListener(what, does);
    clearTimeout(this.timer);
  }

  on(where, what, does) {
    where.addEventListener(what, does);
    this.heard.push([where, what, does]);
  }

  // Keys

  key(event) {
    if (event.defaultPrevented || event.metaKey || event.altKey || !this.form) return;
    const { target } = event;
    const field = target.closest?.("textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]");
    if (field && !this.contains(field)) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") this.take(event, () => this.save());
      return;
    }
    if (field && this.within(event, field)) return;
    if (event.key === "Enter") {
      if (!target.closest?.("a, button, summary")) this.take(event, () => this.forward());
      return;
    }
    const does = this.does[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (does) this.take(event, does);
    else if (/^\d$/.test(event.key)) this.take(event, () => this.choose(event.key));
  }

  take(event, does) {
    event.preventDefault();
    does();
  }

  // What a key does in a field that is typed into; true if that is all it does.
  within(event, field) {
    if (event.key === "Escape") this.take(event, () => this.rest());
    else if (event.key === "Enter" && field.name === "reason") this.take(event, () => this.submit("[data-flag]"));
    else if (event.key === "Enter" && this.contains(field) && field.form === this.form && !event.shiftKey && !this.byThumb(field))
      this.take(event, () => this.forward());
    else if (field.type === "number" && /^[a-df-z?]$/i.test(event.key)) return false;
    return true;
  }

  // On a keyboard of glass Enter begins a line, as everywhere there.
  byThumb(field) {
    return field.tagName === "TEXTAREA" && matchMedia("(pointer: coarse)").matches;
  }

  get does() {
    return {
      c: () => this.comment(),
      u: () => this.submit("[data-undo]"),
      s: () => this.submit("[data-skip]"),
      f: () => this.flag(),
      t: () => this.toggle(this.querySelector("[data-beside]")),
      "?": () => this.toggle(this.querySelector("#keys"), true),
      Escape: () => this.rest(),
    };
  }

  // Leave whatever has the focus, so that keys are commands again and Space scrolls.
  rest() {
    document.activeElement?.blur?.();
    this.item?.focus({ preventScroll: true });
  }

  toggle(details, look) {
    if (!details) return;
    details.open = !details.open;
    if (details.open && look) details.scrollIntoView({ block: "nearest" });
  }

  flag() {
    const details = this.querySelector(".flagging");
    if (!details) return;
    details.open = true;
    details.querySelector("input").focus();
  }

  comment() {
    const details = (this.at ?? this).querySelector(".comment") ?? this.querySelector(".comment");
    if (!details) return announce("This question takes no comment");
    details.open = true;
    details.querySelector("textarea").focus();
  }

  // Questions

  get questions() {
    return [...this.querySelectorAll("[data-question]")];
  }

  reach(question) {
    if (question && question !== this.at) this.mark(question, { quiet: true, keep: true });
  }

  mark(question, { quiet = false, keep = false } = {}) {
    this.at = question;
    for (const one of this.questions) one.classList.toggle("at", one === question && this.questions.length > 1);
    if (!question || keep) return;
    const field = question.querySelector("textarea[id], input[type=number]");
    if (field && matchMedia("(pointer: fine)").matches) field.focus({ preventScroll: quiet });
    else if (!quiet) this.rest();
    if (quiet) return;
    question.scrollIntoView({ block: "nearest" });
    announce(question.querySelector("legend").textContent.trim());
  }

  answered(question) {
    const inputs = [...question.querySelectorAll("[name$='.value'], [data-none]")];
    return inputs.some((one) => (one.matches("[type=radio], [type=checkbox]") ? one.checked : one.value.trim() !== ""));
  }

  choose(digit) {
    const boxes = [...(this.at?.querySelectorAll(".choices input:not([data-none])") ?? [])];
    const box = digit === "0" ? this.at?.querySelector("[data-none]") : boxes[Number(digit) - 1];
    if (!box) return;
    box.checked = box.type === "radio" || !box.checked;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    announce(`${box.parentElement.querySelector("span").textContent} ${box.checked ? "chosen" : "not chosen"}`);
  }

  // Of several options, none excludes the others.
  changed(box) {
    const question = box.closest?.("[data-form=several]");
    if (!question || !box.checked) return;
    for (const one of question.querySelectorAll("input[type=checkbox]")) {
      if ("none" in box.dataset !== "none" in one.dataset) one.checked = false;
    }
  }

  forward() {
    const all = this.questions;
    const open = (one) => !this.answered(one);
    const later = all.slice(all.indexOf(this.at) + 1).find(open);
    const missing = all.find((one) => open(one) && !("optional" in one.dataset));
    if (later) this.mark(later);
    else if (missing) this.ask(missing);
    else this.save();
  }

  ask(question) {
    this.mark(question);
    announce("Choose an answer first, or skip the item");
    question.classList.remove("asked");
    requestAnimationFrame(() => question.classList.add("asked"));
  }

  // Sending

  save() {
    const missing = this.questions.find((one) => !this.answered(one) && !("optional" in one.dataset));
    if (missing) this.ask(missing);
    else this.submit("[data-save]");
  }

  // A click, for only that tells htmx which button it was. The focus leaves its field, or the field of the next item,
  // which has the same name, would get it.
  submit(what) {
    const button = this.querySelector(what);
    if (!button || button.disabled) return;
    this.rest();
    button.click();
  }

  look() {
    if (document.hidden) this.left = performance.now();
    else if (this.left) this.away += performance.now() - this.left;
  }

  sending(event) {
    const seconds = this.form.elements.seconds;
    if (seconds) seconds.value = ((performance.now() - this.shown - this.away) / 1000).toFixed(2);
    const fields = new FormData(this.form, event.submitter ?? undefined);
    this.sent = { item: fields.get("item"), path: this.form.getAttribute("action"), fields: [...fields] };
    if (fields.get("action") === "undo") this.sent = undefined;
  }

  get place() {
    return `steelyard-review ${this.dataset.queue}`;
  }

  get waiting() {
    try {
      return JSON.parse(localStorage.getItem(this.place)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  failed(event) {
    if (!event.detail.elt?.closest?.("#answer, #main") && event.detail.elt !== document.body) return;
    if (event.detail.requestConfig?.verb !== "post") return;
    this.keep("The server cannot be reached.");
  }

  keep(why) {
    const kept = this.sent ?? this.waiting;
    if (!kept) return this.tell(`${why} Nothing was changed: try again.`, false);
    let stored = "";
    try {
      localStorage.setItem(this.place, JSON.stringify(kept));
      stored = " and in this browser";
    } catch {
      stored = "";
    }
    this.tell(`${why} Your answer is not saved yet. It is kept on this page${stored}, and is sent again by itself.`, true);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.resend(), AGAIN);
  }

  tell(text, again) {
    const place = this.querySelector("#kept");
    place.replaceChildren();
    const note = document.createElement("p");
    note.className = "note warn";
    note.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-warn"/></svg>';
    const said = document.createElement("span");
    said.textContent = text;
    note.append(said);
    if (again) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.textContent = "Send now";
      button.addEventListener("click", () => this.resend());
      note.append(button);
    }
    place.append(note);
  }

  // Sent twice it counts once: the submission is the same.
  resend() {
    const kept = this.waiting;
    if (!kept || !globalThis.htmx) return;
    this.sent = kept;
    const values = {};
    for (const [name, value] of kept.fields) values[name] = name in values ? [values[name], value].flat() : value;
    globalThis.htmx.ajax("POST", kept.path, { target: "#main", swap: "innerHTML settle:0ms", values });
  }

  // The server's answer is in: what was kept has arrived, unless the server itself is in trouble.
  arrived(event) {
    const { xhr, requestConfig } = event.detail;
    if (requestConfig?.verb !== "post" || !requestConfig.path.endsWith("/answers")) return;
    if (xhr.status >= 500) {
      event.detail.shouldSwap = false;
      this.keep("The server could not save it.");
      return;
    }
    try {
      localStorage.removeItem(this.place);
    } catch {
      // nothing was kept either
    }
  }
}

customElements.define("review-keys", ReviewKeys);
