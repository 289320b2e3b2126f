// <trace-keys>: the keys of a trace's page, see the list that ? opens; and the page follows a trace that still runs.
import { RowKeys } from "./row-keys.js";
import { markMatches } from "./match-marks.js";

class TraceKeys extends RowKeys {
  connectedCallback() {
    super.connectedCallback();
    this.swapped = (event) => this.follows(event);
    document.addEventListener("htmx:afterSwap", this.swapped);
    this.addEventListener("span-lines", () => markMatches(this));
    this.addEventListener("keydown", (event) => this.within(event));
    markMatches(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("htmx:afterSwap", this.swapped);
  }

  get tree() {
    return this.querySelector("span-tree");
  }

  get does() {
    const view = (place) => () => document.querySelector(`.trace-views a:nth-child(${place})`)?.click();
    return {
      ...super.does,
      j: () => this.tree?.move(1),
      k: () => this.tree?.move(-1),
      n: () => this.tree?.step("hits", 1),
      N: () => this.tree?.step("hits", -1),
      e: () => this.tree?.step("failures", 1),
      E: () => this.tree?.step("failures", -1),
      f: () => this.unfold(this.querySelector("details.adding")),
      "/": () => this.find(),
      "?": () => this.help(),
      1: view(1),
      2: view(2),
      3: view(3),
      Escape: () => this.back(),
    };
  }

  find() {
    const field = this.querySelector("#find-span");
    field?.focus();
    field?.select();
  }

  help() {
    const sheet = this.querySelector("#keys");
    if (!sheet) return;
    sheet.open = !sheet.open;
    if (sheet.open) {
      this.before = document.activeElement;
      sheet.scrollIntoView({ block: "nearest" });
      sheet.querySelector("summary").focus();
    } else if (this.before?.isConnected) this.before.focus();
  }

  // From the details of a span, or from the list of keys, to the line that was left.
  back() {
    const sheet = this.querySelector("#keys");
    if (sheet?.open && sheet.contains(document.activeElement)) this.help();
    else if (this.querySelector("#span")?.contains(document.activeElement)) this.tree?.rove("", true);
  }

  // In the search field Enter goes on to the next match once the text has been looked for.
  within(event) {
    if (event.target.id !== "find-span") return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.tree?.rove("", true);
    }
    if (event.key !== "Enter" || !this.tree || event.target.value !== this.tree.dataset.find || !event.target.value) return;
    event.preventDefault();
    this.tree.step("hits", event.shiftKey ? -1 : 1, { focus: false });
  }

  follows(event) {
    const { target } = event.detail;
    if (target.id === "span" || target.id === "spans") {
      this.reopen();
      this.aim();
      requestAnimationFrame(() => markMatches(this));
    }
    if (target.id !== "standing") return;
    const now = document.getElementById("standing");
    if (now.dataset.count === target.dataset.count && now.dataset.state === target.dataset.state) return;
    if (this.tree) this.tree.refresh();
    else globalThis.htmx.ajax("GET", location.href, { target: "#spans", select: "#spans", swap: "outerHTML" });
  }

  // Parts of a span's details that were open stay open for the next span.
  reopen() {
    this.opened ??= new Map();
    if (!this.remembers) {
      this.remembers = true;
      this.addEventListener("toggle", (event) => {
        if (event.target.dataset?.keep) this.opened.set(event.target.dataset.keep, event.target.open);
      }, true);
    }
    for (const part of this.querySelectorAll("#span details[data-keep]")) {
      if (this.opened.has(part.dataset.keep)) part.open = this.opened.get(part.dataset.keep);
    }
  }

  // The form for new feedback is about the span that is shown.
  aim() {
    const shown = this.querySelector("#span");
    const [choice, name] = [this.querySelector("[data-this-span]"), this.querySelector("[data-this-name]")];
    if (!shown?.dataset.spanId || !choice) return;
    choice.value = shown.dataset.spanId;
    name.textContent = shown.querySelector("h2").textContent;
    for (const field of this.querySelectorAll("[name=at_span]")) field.value = shown.dataset.spanId;
  }
}

customElements.define("trace-keys", TraceKeys);
