// <auto-refresh>: lets htmx ask for a part of the page again every few seconds while the page is seen, unless it is paused
// or somebody is at work in that part or in another that follows it (data-also).
import { announce } from "./swaps.js";

const KEY = "steelyard.refresh";

class AutoRefresh extends HTMLElement {
  connectedCallback() {
    if (!window.htmx || this.button) return;
    this.on = sessionStorage.getItem(KEY) !== "paused";
    this.says = Object.assign(document.createElement("span"), { className: "dim" });
    this.button = Object.assign(document.createElement("button"), { type: "button", className: "btn" });
    this.button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-live"/></svg><span></span>';
    this.button.addEventListener("click", () => this.toggle());
    this.replaceChildren(this.says, this.button);
    this.timer = setInterval(() => this.beat(), 1000 * Number(this.dataset.seconds));
    this.failed = (event) => event.detail.target?.matches(this.dataset.target) && this.tell("The server does not answer");
    document.body.addEventListener("htmx:sendError", this.failed);
    document.body.addEventListener("htmx:responseError", this.failed);
    this.tell();
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    document.body.removeEventListener("htmx:sendError", this.failed);
    document.body.removeEventListener("htmx:responseError", this.failed);
  }

  toggle() {
    this.on = !this.on;
    sessionStorage.setItem(KEY, this.on ? "" : "paused");
    announce(this.on ? "Live" : "Paused");
    this.tell();
    if (this.on) this.beat();
  }

  beat() {
    const part = document.querySelector(this.dataset.target);
    if (!this.on || document.hidden || !part) return;
    const at = document.activeElement;
    if (part.contains(at) || at.closest(this.dataset.also) || part.querySelector("details[open], [data-held]")) return;
    this.tell();
    window.htmx.trigger(part, "refresh");
  }

  tell(problem = "") {
    this.button.lastElementChild.textContent = this.on ? "Pause" : "Live";
    this.button.querySelector("use").setAttribute("href", this.on ? "#i-pause" : "#i-live");
    this.says.textContent = problem || (this.on ? `Live, every ${this.dataset.seconds} s` : "Paused");
  }
}

customElements.define("auto-refresh", AutoRefresh);
