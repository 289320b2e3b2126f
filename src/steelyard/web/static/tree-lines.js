// The lines of a long table of which only those near the view are in the page: the others are room above and below, and
// are asked for as they are scrolled to.
const AROUND = 80;

export class TreeLines extends HTMLElement {
  spacer() {
    const body = document.createElement("tbody");
    body.setAttribute("role", "presentation");
    body.className = "spacer";
    const cell = document.createElement("td");
    cell.colSpan = this.table.tHead.rows[0].cells.length;
    const row = document.createElement("tr");
    row.setAttribute("aria-hidden", "true");
    row.append(cell);
    body.append(row);
    return body;
  }

  // The lines of matches, or of failures, by number.
  numbers(what) {
    const text = this.lines.dataset[what];
    return text ? text.split(".").map(Number) : [];
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
    for (const [key, value] of [...this.asked, ["span", this.chosen], ...this.folds()]) {
      if (value) asked.set(key, value);
    }
    const answer = await fetch(`${this.dataset.spans}?${asked}`, { headers: { "HX-Request": "true" } });
    if (wanted !== this.wanted) return;
    this.coming = undefined;
    if (!answer.ok) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = part.querySelector("[data-lines]");
    if (wanted !== this.wanted) return;
    const told = part.querySelector("[data-announce]");
    if (told) this.closest("#spans").querySelector("[data-announce]").textContent = told.textContent;
    const place = this.pane.scrollTop;
    const hadFocus = this.lines.contains(document.activeElement);
    const focused = this.lines.contains(document.activeElement) ? document.activeElement.dataset.id : "";
    const lines = document.importNode(fresh ?? document.createElement("tbody"), true);
    if (!fresh) Object.assign(lines.dataset, { lines: "", first: 0, shown: 0 });
    for (const link of lines.querySelectorAll("a[data-span]")) link.href = this.address(link.dataset.id);
    this.lines.replaceWith(lines);
    this.lines = lines;
    this.fit();
    this.pane.scrollTop = place;
    this.rove(focused);
    if (hadFocus && !this.lines.contains(document.activeElement)) this.pane.focus({ preventScroll: true });
    this.dataset.loads = Number(this.dataset.loads ?? 0) + 1;
    this.dispatchEvent(new Event("span-lines", { bubbles: true }));
    this.soon();
  }

  // More lines have come, or some were folded: those in view are asked for again.
  refresh() {
    return this.load(this.first, Math.max(this.lines.rows.length, 2 * AROUND));
  }

  get asked() {
    return ["find", "only", "show", "view"].map((name) => [name, this.dataset[name]]);
  }

  folds() {
    const text = (set) => [...set].sort((a, b) => a - b).join(".");
    return this.everything ? [["fold", "all"], ["open", text(this.opened)]] : [["fold", text(this.closed)]];
  }
}
