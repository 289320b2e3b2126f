// <copy-link>: puts this view's address on the clipboard.
import { announce } from "./swaps.js";

class CopyLink extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn quiet";
    button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-link"/></svg><span>Copy link</span>';
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      button.lastElementChild.textContent = "Copied";
      announce("Link copied");
      setTimeout(() => (button.lastElementChild.textContent = "Copy link"), 2000);
    });
    this.replaceChildren(button);
  }
}

customElements.define("copy-link", CopyLink);
