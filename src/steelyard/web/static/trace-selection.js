// <trace-selection>: counts the traces that are ticked and tells every action whether it can take them. An action is any
// button with data-action; data-least and data-most bound how many it takes, data-all says that it takes all that match.
import { announce } from "./swaps.js";

class TraceSelection extends HTMLElement {
  connectedCallback() {
    this.bar = this.querySelector("[data-bar]");
    this.every = this.querySelector("[data-every]");
    this.everything = this.closest("form").querySelector("[data-everything]");
    this.all = false;
    this.every.hidden = false;
    this.every.addEventListener("change", () => this.tick(this.boxes, this.every.checked));
    this.on("[data-clear]", () => this.clear());
    this.on("[data-choose-all]", () => this.chooseAll());
    const copy = this.on("[data-copy]", () => this.copy(copy));
    copy.hidden = !navigator.clipboard;
    this.addEventListener("change", () => this.tell());
    this.addEventListener("click", (event) => this.extend(event));
    this.addEventListener("rowschange", () => this.tell());
    this.watchDialog();
    this.tell();
  }

  get boxes() {
    return [...this.querySelectorAll('input[name="traces"]')];
  }

  on(what, does) {
    const button = this.bar.querySelector(what);
    button.addEventListener("click", does);
    return button;
  }

  // Shift and a click tick everything from the last click to here.
  extend(event) {
    const boxes = this.boxes;
    const here = boxes.indexOf(event.target);
    if (here < 0) return;
    const last = boxes.indexOf(this.last);
    if (event.shiftKey && last >= 0) {
      const [from, to] = [last, here].sort((a, b) => a - b);
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    this.last = event.target;
    this.all = false;
    this.tell();
  }

  tick(boxes, on) {
    for (const box of boxes) box.checked = on;
    this.all = false;
    this.tell();
  }

  clear() {
    this.tick(this.boxes, false);
    this.every.focus();
  }

  chooseAll() {
    this.tick(this.boxes, true);
    this.all = true;
    this.tell();
    announce("All traces that match are selected");
  }

  tell() {
    const boxes = this.boxes;
    const count = boxes.filter((box) => box.checked).length;
    if (count < boxes.length) this.all = false;
    this.everything.value = this.all ? "yes" : "";
    this.every.checked = count > 0 && count === boxes.length;
    this.every.indeterminate = count > 0 && count < boxes.length;
    this.bar.classList.toggle("idle", count === 0);
    this.bar.querySelector("[data-count]").textContent = this.all ? "All that match" : count ? `${count} selected` : "Nothing selected";
    this.bar.querySelector("[data-says]").textContent = this.all ? "The first 10,000 at most, in the order of the list" : "";
    this.bar.querySelector("[data-clear]").hidden = count === 0;
    this.bar.querySelector("[data-choose-all]").hidden = this.all || count === 0 || (count === boxes.length && !this.dataset.more);
    for (const button of this.bar.querySelectorAll("[data-action]")) this.permit(button, count);
  }

  permit(button, count) {
    const least = Number(button.dataset.least ?? 1);
    const most = Number(button.dataset.most ?? Infinity);
    const takesAll = "all" in button.dataset;
    button.disabled = this.all ? !takesAll : count < least || count > most;
    button.title = this.all && !takesAll ? "Takes only traces that are ticked" : count > most ? `Takes at most ${most}` : count < least ? `Select ${least} or more` : "";
  }

  async copy(button) {
    const ids = this.boxes.filter((box) => box.checked).map((box) => box.value);
    await navigator.clipboard.writeText(ids.join("\n"));
    button.lastElementChild.textContent = "Copied";
    announce(`${ids.length} ids copied`);
    setTimeout(() => (button.lastElementChild.textContent = "Copy ids"), 2000);
  }

  // A question that the server asks, such as whether to delete, stands in the dialog.
  watchDialog() {
    const dialog = document.getElementById("ask");
    if (!dialog || dialog.watched) return;
    dialog.watched = true;
    dialog.addEventListener("htmx:afterSwap", () => {
      if (!dialog.querySelector("#asked")) dialog.textContent = "That could not be done. Load the list again.";
      if (!dialog.open) dialog.showModal();
    });
  }
}

customElements.define("trace-selection", TraceSelection);
