// <span-tree>: over the table of a trace's spans. Only the lines near the view are in the page; the others are asked for
// as they are scrolled to, so that a trace of 100,000 spans opens as fast as one of ten. Without it there are pages.
const AROUND = 80;
const CHOOSE_AFTER = 120;

class SpanTree extends HTMLElement {
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
    this.rove();
  }

  disconnectedCallback() {
    clearTimeout(this.choosing);
  }

  spacer() {
    const body = document.createElement("tbody");
    body.setAttribute("role", "presentation");
    body.className = "spacer";
    const cell = document.createElement("td");
    cell.colSpan = 5;
    const row = document.createElement("tr");
    row.setAttribute("aria-hidden", "true");
    row.append(cell);
    body.append(row);
    return body;
  }

  get rows() {
    return [...this.lines.rows];
  }

  get first() {
    return Number(this.lines.dataset.first);
  }

  get shown() {
    return Number(this.lines.dataset.shown);
  }

  // The height of a line is measured, for it is larger where people use fingers.
  fit() {
    const [row, end] = [this.lines.rows[0], this.lines.rows[this.lines.rows.length - 1]];
    const measured = row && (end.getBoundingClientRect().bottom - row.getBoundingClientRect().top) / this.lines.rows.length;
    this.height = measured || this.height || 30;
    const above = this.first;
    const below = this.shown - this.first - this.lines.rows.length;
    this.before.hidden = above <= 0;
    this.after.hidden = below <= 0;
    this.before.rows[0].style.height = `${above * this.height}px`;
    this.after.rows[0].style.height = `${below * this.height}px`;
    this.table.setAttribute("aria-rowcount", this.shown + 1);
    this.pane.classList.toggle("long", this.shown > 24);
  }

  soon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.look();
    });
  }

  // What is in view must be among the lines; if it is not, lines around it are asked for.
  look() {
    const top = Math.floor(this.pane.scrollTop / this.height);
    const bottom = Math.min(this.shown, top + Math.ceil(this.pane.clientHeight / this.height) + 1);
    const last = this.first + this.lines.rows.length;
    if (top >= this.first && bottom <= last) return undefined;
    const { from, until } = this.coming ?? {};
    if (top >= from && bottom <= until) return this.loading;
    const first = Math.max(0, top - AROUND);
    this.coming = { from: first, until: bottom + AROUND };
    this.loading = this.load(first, bottom + AROUND - first);
    return this.loading;
  }

  async load(from, size) {
    const wanted = (this.wanted = Symbol("lines"));
    const asked = new URLSearchParams({ from, size: Math.min(size, 400) });
    for (const [key, value] of [["find", this.dataset.find], ["only", this.dataset.only], ["span", this.chosen], ...this.folds()]) {
      if (value) asked.set(key, value);
    }
    const answer = await fetch(`${this.dataset.spans}?${asked}`, { headers: { "HX-Request": "true" } });
    if (wanted !== this.wanted) return;
    this.coming = undefined;
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-lines]");
    if (wanted !== this.wanted) return;
    const place = this.pane.scrollTop;
    const focused = this.lines.contains(document.activeElement) ? document.activeElement.dataset.id : "";
    const lines = document.importNode(fresh ?? document.createElement("tbody"), true);
    if (!fresh) Object.assign(lines.dataset, { lines: "", first: 0, shown: 0 });
    for (const link of lines.querySelectorAll("a[data-span]")) link.href = this.address(link.dataset.id);
    this.lines.replaceWith(lines);
    this.lines = lines;
    this.fit();
    this.pane.scrollTop = place;
    this.rove(focused);
    this.dataset.loads = Number(this.dataset.loads ?? 0) + 1;
    this.soon();
  }

  folds() {
    const text = (set) => [...set].sort((a, b) => a - b).join(".");
    return this.everything ? [["fold", "all"], ["open", text(this.opened)]] : [["fold", text(this.closed)]];
  }

  address(id) {
    const here = new URL(location.href);
    here.searchParams.set("span", id);
    here.searchParams.delete("from");
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

  async toggle(row) {
    if (!row.hasAttribute("aria-expanded") || this.dataset.find || this.dataset.only) return;
    const index = Number(row.dataset.index);
    const open = row.getAttribute("aria-expanded") === "true";
    if (this.everything) open ? this.opened.delete(index) : this.opened.add(index);
    else open ? this.closed.add(index) : this.closed.delete(index);
    row.querySelector("a[data-span]").focus({ preventScroll: true });
    await this.load(this.first, Math.max(this.lines.rows.length, 2 * AROUND));
    await this.look();
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
      ArrowLeft: () => (open === "true" && !this.dataset.find && !this.dataset.only ? this.toggle(row) : this.up(row)),
      Enter: () => this.choose(row),
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

  async go(place) {
    if (place < 0 || place >= this.shown) return;
    const top = place * this.height;
    const head = this.table.tHead.getBoundingClientRect().height;
    const view = this.pane.clientHeight - head;
    if (top < this.pane.scrollTop) this.pane.scrollTop = top;
    else if (top + this.height > this.pane.scrollTop + view) this.pane.scrollTop = top + this.height - view;
    this.aim = place;
    const there = () => this.rows.find((one) => Number(one.dataset.at) === place);
    for (let tries = 0; !there() && this.aim === place && tries < 4; tries += 1) await this.look();
    const row = there();
    if (!row || this.aim !== place) return;
    this.rove(row.querySelector("a[data-span]").dataset.id, true);
    clearTimeout(this.choosing);
    this.choosing = setTimeout(() => row.isConnected && this.choose(row), CHOOSE_AFTER);
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
