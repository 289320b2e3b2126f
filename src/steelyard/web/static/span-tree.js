// <span-tree>: over the table of a trace's spans. Only the lines near the view are in the page; the others are asked for
// as they are scrolled to, so that a trace of 100,000 spans opens as fast as one of ten. Without it there are pages.
import { TreeLines } from "./tree-lines.js";

const CHOOSE_AFTER = 120;

class SpanTree extends TreeLines {
  connectedCallback() {
    this.pane = this.querySelector(".spans");
    this.table = this.querySelector("table");
    this.lines = this.querySelector("[data-lines]");
    if (!this.lines) return;
    const numbers = (text) => new Set(text && text !== "all" ? text.split(".").map(Number) : []);
    this.everything = this.dataset.fold === "all";
    this.closed = numbers(this.dataset.fold);
    this.opened = numbers(this.dataset.open);
    this.querySelector("[data-pager]")?.remove();
    this.before = this.spacer();
    this.after = this.spacer();
    this.lines.before(this.before);
    this.lines.after(this.after);
    this.fit();
    const on = this.querySelector("tr.on");
    if (on) this.pane.scrollTop = Math.max(0, (Number(on.dataset.at) - 6) * this.height);
    this.addEventListener("click", (event) => this.click(event));
    this.addEventListener("keydown", (event) => this.key(event));
    this.pane.addEventListener("scroll", () => this.soon(), { passive: true });
    for (const step of this.steps) step.addEventListener("click", () => this.step("hits", Number(step.dataset.step)));
    this.rove();
    this.tell();
    this.open();
  }

  disconnectedCallback() {
    clearTimeout(this.choosing);
  }

  // What was looked for is shown in full: the match that is chosen, else the first.
  open() {
    if (!this.dataset.find || !this.numbers("hits").length) return;
    const row = this.querySelector("tr.on.hit");
    if (!row) this.go(this.numbers("hits")[0], { focus: false });
    else if (row.querySelector("a[data-span]").dataset.id !== document.querySelector("#span")?.dataset.spanId) this.choose(row);
  }

  get steps() {
    return this.closest("#spans")?.querySelectorAll("[data-step]") ?? [];
  }

  address(id) {
    const here = new URL(location.href);
    here.searchParams.set("span", id);
    for (const name of ["from", "deleted"]) here.searchParams.delete(name);
    return here.pathname + here.search;
  }

  get chosen() {
    return this.picked ?? this.querySelector("tr.on a[data-id]")?.dataset.id;
  }

  click(event) {
    const row = event.target.closest("tr[data-index]");
    if (!row) return;
    if (event.target.closest("[data-twist]")) {
      this.toggle(row);
      return;
    }
    const link = event.target.closest("a[data-span]") ?? (event.target.closest("th, td") && row.querySelector("a[data-span]"));
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button || !globalThis.htmx) return;
    event.preventDefault();
    link.focus({ preventScroll: true });
    this.choose(row);
  }

  choose(row) {
    const link = row.querySelector("a[data-span]");
    this.picked = link.dataset.id;
    for (const other of this.rows) {
      const on = other === row;
      other.classList.toggle("on", on);
      if (on) this.at = Number(other.dataset.at);
      if (on) other.setAttribute("aria-selected", "true");
      else other.removeAttribute("aria-selected");
      const its = other.querySelector("a[data-span]");
      if (on) its.setAttribute("aria-current", "true");
      else its.removeAttribute("aria-current");
    }
    history.replaceState(history.state, "", this.address(link.dataset.id));
    if (!globalThis.htmx) {
      location.reload();
      return;
    }
    globalThis.htmx.ajax("GET", link.dataset.span, { target: "#span", select: "#span", swap: "outerHTML show:none", source: this });
  }

  get sifted() {
    return (this.dataset.find && !this.dataset.show) || this.dataset.only;
  }

  async toggle(row) {
    if (!row.hasAttribute("aria-expanded") || this.sifted) return;
    const index = Number(row.dataset.index);
    const open = row.getAttribute("aria-expanded") === "true";
    if (this.everything) open ? this.opened.delete(index) : this.opened.add(index);
    else open ? this.closed.add(index) : this.closed.delete(index);
    row.querySelector("a[data-span]").focus({ preventScroll: true });
    await this.refresh();
    await this.look();
  }

  // The details of the line that is open, else the line is opened.
  enter(row) {
    if (row.classList.contains("on") && document.querySelector("#span")) {
      document.querySelector("#span").focus();
      document.querySelector("#span").scrollIntoView({ block: "nearest" });
    } else this.choose(row);
  }

  get here() {
    const row = document.activeElement.closest?.("tr[data-index]") ?? this.querySelector("tr.on");
    return row ? Number(row.dataset.at) : (this.at ?? -1);
  }

  move(by) {
    return this.go(Math.min(this.shown - 1, Math.max(0, this.here + by)));
  }

  // To the next line after this one that matches, or failed; behind the last comes the first.
  step(what, by, { focus = true } = {}) {
    const [places, here] = [this.numbers(what), this.here];
    if (!places.length) return;
    const next = by > 0 ? places.find((at) => at > here) : places.findLast((at) => at < here);
    this.go(next ?? places.at(by > 0 ? 0 : -1), { focus });
  }

  // Which match this is, where the matches are counted.
  tell() {
    const place = this.closest("#spans")?.querySelector("[data-place]");
    if (!place) return;
    const hits = this.numbers("hits");
    const at = hits.indexOf(this.here);
    place.textContent = at >= 0 ? `${at + 1} of ${hits.length}` : `${hits.length} ${hits.length === 1 ? "match" : "matches"}`;
  }

  key(event) {
    const row = document.activeElement.closest?.("tr[data-index]");
    if (!row || event.metaKey || event.ctrlKey || event.altKey) return;
    const open = row.getAttribute("aria-expanded");
    const does = {
      ArrowDown: () => this.go(Number(row.dataset.at) + 1),
      ArrowUp: () => this.go(Number(row.dataset.at) - 1),
      Home: () => this.go(0),
      End: () => this.go(this.shown - 1),
      PageDown: () => this.go(Math.min(this.shown - 1, Number(row.dataset.at) + 15)),
      PageUp: () => this.go(Math.max(0, Number(row.dataset.at) - 15)),
      ArrowRight: () => (open === "false" ? this.toggle(row) : open === "true" && this.go(Number(row.dataset.at) + 1)),
      ArrowLeft: () => (open === "true" && !this.sifted ? this.toggle(row) : this.up(row)),
      Enter: () => this.enter(row),
    }[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  // To the line above that is less deep; it may be out of the page, then to the first that is in it.
  up(row) {
    const level = Number(row.getAttribute("aria-level"));
    let at = row.previousElementSibling;
    while (at && Number(at.getAttribute("aria-level")) >= level) at = at.previousElementSibling;
    if (at) this.go(Number(at.dataset.at));
    else if (level > 1 && this.first > 0) this.go(this.first - 1);
  }

  async go(place, { focus = true } = {}) {
    if (place < 0 || place >= this.shown) return;
    const top = place * this.height;
    const head = this.table.tHead.getBoundingClientRect().height;
    const view = this.pane.clientHeight - head;
    if (top < this.pane.scrollTop) this.pane.scrollTop = top;
    else if (top + this.height > this.pane.scrollTop + view) this.pane.scrollTop = top + this.height - view;
    this.aim = place;
    const there = () => this.rows.find((one) => Number(one.dataset.at) === place);
    const before = document.activeElement;
    for (let tries = 0; !there() && this.aim === place && tries < 4; tries += 1) await this.look();
    const row = there();
    if (!row || this.aim !== place) return;
    // Whoever went into a field while the lines came stays there.
    const now = document.activeElement;
    const types = now !== before && Boolean(now?.matches("input, textarea, select"));
    this.rove(row.querySelector("a[data-span]").dataset.id, focus && !types);
    clearTimeout(this.choosing);
    this.at = place;
    this.choosing = setTimeout(() => this.settle(place), CHOOSE_AFTER);
    this.tell();
  }

  settle(place) {
    const row = this.rows.find((one) => Number(one.dataset.at) === place);
    if (row && !row.classList.contains("on")) this.choose(row);
    this.tell();
  }

  // One line of the tree is in the order of tabs; arrows lead to the others.
  rove(id, focus = Boolean(id)) {
    const links = [...this.lines.querySelectorAll("a[data-span]")];
    const chosen = links.find((link) => link.dataset.id === (id || this.chosen)) ?? links[0];
    for (const link of links) link.tabIndex = link === chosen ? 0 : -1;
    if (focus && chosen) chosen.focus({ preventScroll: true });
  }
}

customElements.define("span-tree", SpanTree);
