// <theme-switch>: system, light, dark. The choice is kept in this browser and told to charts, which draw their own colours.
const NAMES = ["system", "light", "dark"];
const KEY = "steelyard-theme";

function current() {
  return document.documentElement.dataset.theme ?? "system";
}

class ThemeSwitch extends HTMLElement {
  connectedCallback() {
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "btn quiet";
    this.button.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-theme"/></svg><span></span>';
    this.button.addEventListener("click", () => this.choose(NAMES[(NAMES.indexOf(current()) + 1) % NAMES.length]));
    this.replaceChildren(this.button);
    this.tell();
  }

  choose(name) {
    if (name === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    try {
      if (name === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, name);
    } catch {
      // Storage may be blocked: the choice then lasts for this page.
    }
    this.tell();
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  tell() {
    this.button.lastElementChild.textContent = `Theme: ${current()}`;
  }
}

customElements.define("theme-switch", ThemeSwitch);
