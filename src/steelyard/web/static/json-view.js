// <json-view>: over a <pre> of text or JSON. It can be copied, wrapped or not, and JSON becomes a tree whose branches are
// made when they are opened, so that megabytes cost nothing before they are looked at. Without it there is the text.
import { announce } from "./swaps.js";

const SHOWN = 100;
const LONG = 400;

function make(name, text = "", className = "") {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function button(text, does) {
  const made = make("button", text, "btn quiet");
  made.type = "button";
  made.addEventListener("click", does);
  return made;
}

class JsonView extends HTMLElement {
  connectedCallback() {
    this.pre = this.querySelector("pre");
    if (!this.pre || this.bar) return;
    this.bar = make("div", "", "row viewbar");
    this.copier = button("Copy", () => this.copy());
    this.wrapper = button("Do not wrap", () => this.wrap());
    this.folder = button("As text", () => this.show(this.branches.hidden));
    this.folder.hidden = true;
    this.bar.append(this.folder, this.wrapper);
    if (navigator.clipboard) this.bar.append(this.copier);
    this.pre.before(this.bar);
    this.querySelector("[data-rest]")?.addEventListener("click", (event) => this.rest(event));
    const parts = this.closest("details");
    if (!parts || parts.open) this.plant();
    else parts.addEventListener("toggle", () => this.plant(), { once: true });
  }

  // Only a value with parts is worth a tree.
  plant() {
    if (this.dataset.text !== undefined || this.querySelector("[data-cut]")) return;
    let value;
    try {
      value = JSON.parse(this.pre.textContent);
    } catch {
      return;
    }
    if (typeof value !== "object" || value === null) return;
    this.branches?.remove();
    this.branches = make("div", "", "json");
    this.grow(this.branches, value);
    this.pre.after(this.branches);
    this.folder.hidden = false;
    this.show(true);
  }

  show(tree) {
    this.branches.hidden = !tree;
    this.pre.hidden = tree;
    this.wrapper.hidden = tree;
    this.folder.textContent = tree ? "As text" : "As a tree";
  }

  grow(place, value, from = 0) {
    const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
    const all = [...keys];
    for (const key of all.slice(from, from + SHOWN)) place.append(this.branch(String(key), value[key]));
    if (all.length <= from + SHOWN) return;
    const more = button(`${all.length - from - SHOWN} more`, () => {
      more.remove();
      this.grow(place, value, from + SHOWN);
    });
    place.append(more);
  }

  branch(key, value) {
    if (typeof value !== "object" || value === null) return this.leaf(key, value);
    const size = Array.isArray(value) ? value.length : Object.keys(value).length;
    const details = make("details");
    const summary = make("summary");
    const brackets = Array.isArray(value) ? `[${size}]` : `{${size}}`;
    summary.append(make("b", key), make("small", ` ${brackets}`));
    details.append(summary);
    const inside = make("div", "", "json");
    details.append(inside);
    const fill = () => inside.childElementCount || this.grow(inside, value);
    details.addEventListener("toggle", fill, { once: true });
    if (size > 0 && size <= 8) details.open = true;
    return details;
  }

  leaf(key, value) {
    const line = make("div", "", "leaf");
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const said = make("span", text.slice(0, LONG), typeof value === "string" ? "text" : "plain-value");
    said.dir = "auto";
    line.append(make("b", key), said);
    if (text.length > LONG) {
      const more = button(`${text.length - LONG} more characters`, () => {
        said.textContent = text;
        more.remove();
      });
      line.append(more);
    }
    return line;
  }

  async copy() {
    await navigator.clipboard.writeText(this.pre.textContent);
    this.copier.textContent = "Copied";
    announce("Copied");
    setTimeout(() => (this.copier.textContent = "Copy"), 2000);
  }

  wrap() {
    const off = this.pre.classList.toggle("nowrap");
    this.wrapper.textContent = off ? "Wrap" : "Do not wrap";
  }

  async rest(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const answer = await fetch(event.target.href);
    if (!answer.ok) return;
    this.pre.textContent = await answer.text();
    this.querySelector("[data-cut]").remove();
    announce("All of it is shown");
    this.plant();
  }
}

customElements.define("json-view", JsonView);
