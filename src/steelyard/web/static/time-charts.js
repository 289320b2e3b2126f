// <time-charts>: several charts on one axis of time. The pointer, a finger or the arrow keys mark the same window in all of
// them and read its numbers out of the table; a click leads to its traces, dragging shows a stretch closer.
import { announce } from "./swaps.js";

const LEAST = 4;

class TimeCharts extends HTMLElement {
  connectedCallback() {
    if (this.box) return;
    this.rows = [...this.querySelectorAll("[data-numbers] tbody tr")];
    this.heads = [...this.querySelectorAll("[data-numbers] thead th")].map((head) => head.textContent);
    this.charts = [...this.querySelectorAll("[data-chart]")].map((figure) => ({
      plane: figure.querySelector(".field"),
      cursor: figure.querySelector("[data-cursor]"),
      says: figure.querySelector("[data-says]"),
      whole: figure.querySelector("[data-says]").textContent,
      columns: figure.dataset.columns.split(",").map(Number),
    }));
    for (const chart of this.charts) this.watch(chart.plane);
    this.makeSlider();
  }

  // One stop of the tab key for all charts: a slider over the windows, told in words.
  makeSlider() {
    const box = document.createElement("div");
    box.className = "handle";
    box.tabIndex = 0;
    box.setAttribute("role", "slider");
    box.setAttribute("aria-label", "Window of time: arrows move, with Shift they select, Enter shows the traces or the selected stretch");
    box.setAttribute("aria-valuemin", "0");
    box.setAttribute("aria-valuemax", String(this.rows.length - 1));
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("blur", () => this.clear());
    this.prepend(box);
    this.box = box;
    this.value();
  }

  watch(plane) {
    plane.addEventListener("pointerdown", (event) => this.press(event, plane));
    plane.addEventListener("pointermove", (event) => this.move(event, plane));
    plane.addEventListener("pointerup", (event) => this.release(event, plane));
    plane.addEventListener("pointerleave", () => !this.pressed && this.clear());
    plane.addEventListener("pointercancel", () => this.clear());
  }

  at(event, plane) {
    const box = plane.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    return Math.min(this.rows.length - 1, Math.max(0, Math.floor(share * this.rows.length)));
  }

  press(event, plane) {
    if (event.button) return;
    event.preventDefault();
    this.pressed = { window: this.at(event, plane), x: event.clientX };
    plane.setPointerCapture(event.pointerId);
  }

  move(event, plane) {
    const here = this.at(event, plane);
    const dragged = this.pressed && Math.abs(event.clientX - this.pressed.x) >= LEAST;
    this.choose(dragged ? this.pressed.window : here, here);
  }

  release(event, plane) {
    const pressed = this.pressed;
    this.pressed = undefined;
    if (!pressed) return;
    const dragged = Math.abs(event.clientX - pressed.x) >= LEAST;
    const here = this.at(event, plane);
    this.choose(dragged ? pressed.window : here, here);
    this.follow();
  }

  key(event) {
    if (event.target !== this.box) return;
    const last = this.rows.length - 1;
    const now = this.to ?? last + 1;
    const to = { ArrowLeft: now - 1, ArrowRight: now + 1, PageUp: now - 10, PageDown: now + 10, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const held = Math.min(last, Math.max(0, to));
      this.choose(event.shiftKey ? (this.from ?? held) : held, held);
    } else if (event.key === "Enter" && this.to !== undefined) {
      event.preventDefault();
      this.follow();
    } else if (event.key === "Escape") {
      this.clear();
    }
  }

  choose(from, to) {
    [this.from, this.to] = [from, to];
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    this.toggleAttribute("data-held", true);
    for (const chart of this.charts) {
      chart.cursor.setAttribute("x", String(low));
      chart.cursor.setAttribute("width", String(high - low + 1));
      chart.cursor.setAttribute("visibility", "visible");
      chart.says.textContent = low === high ? this.reading(low, chart.columns) : this.stretch(low, high);
      chart.says.classList.add("on");
    }
    this.value();
  }

  clear() {
    this.from = this.to = this.pressed = undefined;
    this.removeAttribute("data-held");
    this.value();
    for (const chart of this.charts) {
      chart.cursor.setAttribute("visibility", "hidden");
      chart.says.textContent = chart.whole;
      chart.says.classList.remove("on");
    }
  }

  reading(index, columns) {
    const cells = this.rows[index].children;
    const parts = columns.map((column) => `${this.heads[column]} ${cells[column].textContent.trim()}`);
    return `${cells[0].textContent}: ${parts.join(", ")}`;
  }

  stretch(low, high) {
    const end = this.rows[high + 1]?.children[0].textContent ?? "the end";
    return `${this.rows[low].children[0].textContent} to ${end}`;
  }

  value() {
    this.box.setAttribute("aria-valuenow", String(this.to ?? this.rows.length - 1));
    const most = [1, 2, 6, 10].filter((column) => column < this.heads.length);
    const told = this.to === undefined ? "none chosen" : this.from === this.to ? this.reading(this.to, most) : this.stretch(Math.min(this.from, this.to), Math.max(this.from, this.to));
    this.box.setAttribute("aria-valuetext", told);
    this.box.textContent = this.to === undefined ? "Arrow keys move through the windows" : told;
  }

  follow() {
    const [low, high] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    if (low === high) return this.rows[low].querySelector("a").click();
    const [start, step] = [Number(this.dataset.start), Number(this.dataset.step)];
    const address = new URL(this.dataset.here, location.href);
    address.searchParams.set("start", String(start + low * step));
    address.searchParams.set("end", String(start + (high + 1) * step));
    announce(`Showing ${this.stretch(low, high)}`);
    location.assign(address);
  }
}

customElements.define("time-charts", TimeCharts);
