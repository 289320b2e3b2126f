// <live-tail>: asks for the list every two seconds while it is on and the page is seen. New traces come in on top; nothing
// that is being read is moved: while the pointer or the focus is among the rows, new ones wait and are only counted.
import { announce } from "./swaps.js";

const EVERY = 2000;
const MOST = 300;
const COUNT_EVERY = 10_000;
const COUNT_SHARE = 50;
const TELL_EVERY = 10_000;

class LiveTail extends HTMLElement {
  connectedCallback() {
    if (!window.htmx) return;
    this.waiting = [];
    this.arrived = this.told = 0;
    this.countAt = performance.now() + COUNT_EVERY;
    this.on = this.dataset.on === "true";
    this.build();
    this.seen = () => this.schedule();
    document.addEventListener("visibilitychange", this.seen);
    this.tell();
    this.schedule();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.seen);
    this.rows?.removeEventListener("pointerleave", this.release);
  }

  build() {
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "btn";
    this.button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-live"/></svg><span></span>';
    this.button.addEventListener("click", () => (this.on ? this.stop() : this.start()));
    this.says = document.createElement("span");
    this.says.className = "dim says";
    this.show = document.createElement("button");
    this.show.type = "button";
    this.show.className = "btn primary";
    this.show.hidden = true;
    this.show.addEventListener("click", () => this.insert());
    this.replaceChildren(this.says, this.show, this.button);
    this.rows = document.querySelector("[data-rows]");
    this.release = () => !this.held && this.insert();
    this.rows?.addEventListener("pointerleave", this.release);
    this.addEventListener("htmx:afterRequest", (event) => this.answered(event.detail.xhr));
  }

  start() {
    this.on = true;
    this.problem = "";
    this.address("on");
    this.tell();
    this.ask();
  }

  stop(problem = "") {
    this.on = false;
    this.problem = problem;
    clearTimeout(this.timer);
    this.address();
    this.tell();
    if (problem) announce(problem);
  }

  // The address holds the view, so that a live list can be sent to somebody.
  address(live) {
    const url = new URL(location.href);
    if (live) url.searchParams.set("live", live);
    else url.searchParams.delete("live");
    history.replaceState(history.state, "", url);
  }

  schedule() {
    clearTimeout(this.timer);
    if (this.on && !document.hidden) this.timer = setTimeout(() => this.ask(), Number(this.dataset.every ?? EVERY));
  }

  ask() {
    if (!this.isConnected || this.asking) return;
    this.asking = true;
    window.htmx.ajax("GET", this.dataset.poll, { source: this, target: this, swap: "none" });
  }

  answered(xhr) {
    this.asking = false;
    if (!this.on) return;
    if (xhr.status !== 200) {
      this.stop(xhr.status ? `Stopped: the server answered ${xhr.status}.` : "Stopped: the server cannot be reached.");
      return;
    }
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const rows = page.querySelector("[data-rows]");
    if (!rows || !this.rows) return location.reload();
    this.merge([...rows.children]);
    this.countAgain();
    this.schedule();
  }

  // The time line follows too, the more seldom the longer the server counts: it shall not be kept busy by who only looks on.
  countAgain() {
    const timeline = document.getElementById("timeline");
    const now = performance.now();
    if (!timeline || this.counting || now < this.countAt) return;
    this.counting = true;
    const done = () => {
      this.counting = false;
      this.countAt = performance.now() + Math.max(COUNT_EVERY, COUNT_SHARE * (performance.now() - now));
    };
    timeline.addEventListener("htmx:afterRequest", done, { once: true });
    window.htmx.trigger(timeline, "again");
  }

  merge(rows) {
    const known = new Map([...this.rows.children].map((row) => [row.dataset.id, row]));
    const fresh = [];
    for (const row of rows) {
      const old = known.get(row.dataset.id);
      if (old) this.update(old, row);
      else fresh.push(row);
    }
    this.gap = rows.length > 0 && fresh.length === rows.length && known.size > 0;
    this.waiting = fresh;
    if (!this.held) this.insert();
    this.tell();
  }

  // A trace that has changed, such as one that has ended, changes where it stands.
  update(old, row) {
    if (old.contains(document.activeElement)) return;
    const [before, after] = [[...old.children].slice(1), [...row.children].slice(1)];
    before.forEach((cell, i) => after[i] && cell.innerHTML !== after[i].innerHTML && cell.replaceWith(after[i]));
  }

  get held() {
    return this.rows.matches(":hover") || this.rows.contains(document.activeElement);
  }

  insert() {
    if (!this.waiting.length) return this.tell();
    const rows = this.waiting;
    this.waiting = [];
    const table = this.rows;
    const [height, above] = [table.offsetHeight, table.getBoundingClientRect().top < 0];
    for (const row of rows) row.classList.add("fresh");
    if (!table.children.length) return location.reload();
    table.prepend(...rows.map((row) => document.importNode(row, true)));
    if (above) scrollBy(0, table.offsetHeight - height);
    this.trim();
    this.arrived += rows.length;
    table.dispatchEvent(new CustomEvent("rowschange", { bubbles: true }));
    if (Date.now() - this.told > TELL_EVERY) {
      announce(`${this.arrived} new ${this.arrived === 1 ? "trace" : "traces"}`);
      [this.told, this.arrived] = [Date.now(), 0];
    }
    this.tell();
  }

  // The list does not grow for ever. What falls off at its end is on the next page of a list that is loaded again.
  trim() {
    const old = [...this.rows.children].slice(MOST);
    for (const row of old) if (!row.querySelector("input:checked")) row.remove();
    const next = document.querySelector("[data-pager] [rel=next]");
    if (old.length && next && !this.trimmed) {
      this.trimmed = true;
      next.href = this.dataset.poll;
      next.textContent = "Load again to page on";
    }
  }

  tell() {
    this.button.lastElementChild.textContent = this.on ? "Pause" : "Live";
    this.button.querySelector("use").setAttribute("href", this.on ? "#i-pause" : "#i-live");
    this.button.setAttribute("aria-pressed", String(this.on));
    this.classList.toggle("on", this.on);
    this.show.hidden = !this.on || this.waiting.length === 0;
    this.show.textContent = `Show ${this.waiting.length} new`;
    this.says.classList.toggle("err", Boolean(this.problem));
    this.says.textContent = this.problem || (this.on ? (this.gap ? "Live; more arrive than are shown" : "Live, every 2 s") : "");
  }
}

customElements.define("live-tail", LiveTail);
