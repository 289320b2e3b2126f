// <time-brush>: a stretch of the time line is chosen by dragging over it, with a finger, or with the arrow keys, and becomes
// the start and end of the address. Bars are what is chosen: a stretch begins and ends where a bar does.
import { announce } from "./swaps.js";

const LEAST = 4;

class TimeBrush extends HTMLElement {
  connectedCallback() {
    this.picture = this.querySelector(".overtime");
    this.form = this.querySelector("form");
    this.first = Number(this.dataset.first);
    this.step = Number(this.dataset.step);
    this.bars = Math.max(1, Math.ceil((Number(this.dataset.end) - this.first) / this.step));
    this.band = this.picture.querySelector(".band");
    this.build();
    this.picture.addEventListener("pointerdown", (event) => this.begin(event));
    this.picture.addEventListener("pointermove", (event) => this.drag(event));
    this.picture.addEventListener("pointerup", (event) => this.end(event));
    this.picture.addEventListener("pointercancel", () => this.clear());
    this.addEventListener("keydown", (event) => this.key(event));
  }

  // The picture itself takes the focus: it is a slider whose value is the bar under the cursor, told in words.
  build() {
    this.handle = document.createElement("div");
    this.handle.className = "handle";
    this.handle.tabIndex = 0;
    this.handle.setAttribute("role", "slider");
    this.handle.setAttribute("aria-label", "Choose a stretch of time: arrows move, with Shift they select, Enter shows it");
    this.handle.setAttribute("aria-valuemin", "0");
    this.handle.setAttribute("aria-valuemax", String(this.bars - 1));
    this.picture.before(this.handle);
    this.handle.append(this.picture);
    this.picture.setAttribute("aria-hidden", "true");
    this.handle.addEventListener("focus", () => this.handle.matches(":focus-visible") && this.from === undefined && this.choose(this.bars - 1, this.bars - 1));
    this.handle.addEventListener("blur", () => this.clear());
    this.says();
  }

  barAt(event) {
    const box = this.picture.getBoundingClientRect();
    return Math.min(this.bars - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * this.bars)));
  }

  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.pressed = { bar: this.barAt(event), x: event.clientX };
    this.picture.setPointerCapture(event.pointerId);
  }

  drag(event) {
    if (!this.pressed || Math.abs(event.clientX - this.pressed.x) < LEAST) return;
    this.choose(this.pressed.bar, this.barAt(event));
  }

  end(event) {
    const pressed = this.pressed;
    this.pressed = undefined;
    if (!pressed) return;
    this.choose(pressed.bar, Math.abs(event.clientX - pressed.x) < LEAST ? pressed.bar : this.barAt(event));
    this.show();
  }

  key(event) {
    if (event.target !== this.handle) return;
    const last = this.bars - 1;
    const at = this.to ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - 10, PageDown: at + 10, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const held = Math.min(last, Math.max(0, to));
      this.choose(event.shiftKey ? (this.from ?? at) : held, held);
    } else if (event.key === "Enter" && this.to !== undefined) {
      event.preventDefault();
      this.show();
    } else if (event.key === "Escape") {
      this.clear();
    }
  }

  choose(from, to) {
    [this.from, this.to] = [from, to];
    const [low, high] = [Math.min(from, to), Math.max(from, to) + 1];
    this.band.setAttribute("x", `${(100 * low) / this.bars}%`);
    this.band.setAttribute("width", `${(100 * (high - low)) / this.bars}%`);
    this.band.setAttribute("visibility", "visible");
    this.says();
  }

  clear() {
    this.from = this.to = this.pressed = undefined;
    this.band.setAttribute("visibility", "hidden");
  }

  get stretch() {
    const [low, high] = [Math.min(this.from, this.to), Math.max(this.from, this.to) + 1];
    return [this.first + low * this.step, this.first + high * this.step];
  }

  says() {
    this.handle.setAttribute("aria-valuenow", String(this.to ?? this.bars - 1));
    if (this.to === undefined) return this.handle.setAttribute("aria-valuetext", this.picture.getAttribute("aria-label"));
    const [start, end] = this.stretch.map((ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 19));
    this.handle.setAttribute("aria-valuetext", `${start} to ${end} UTC`);
  }

  show() {
    const [start, end] = this.stretch;
    announce(`Showing ${this.handle.getAttribute("aria-valuetext")}`);
    for (const [name, value] of [["start", start], ["end", end]]) {
      const field = this.form.querySelector(`[name=${name}]`);
      field.type = "hidden";
      field.value = String(value);
    }
    this.form.requestSubmit();
  }
}

customElements.define("time-brush", TimeBrush);
