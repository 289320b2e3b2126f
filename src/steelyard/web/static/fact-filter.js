// <fact-filter>: a field over a long list of facts that leaves those whose name or value says what is typed.
const FEW = 8;

class FactFilter extends HTMLElement {
  connectedCallback() {
    const list = this.querySelector("dl.facts");
    if (!list || this.field || list.childElementCount / 2 <= FEW) return;
    this.field = document.createElement("input");
    this.field.type = "search";
    this.field.className = "in";
    this.field.placeholder = "Filter";
    this.field.setAttribute("aria-label", "Filter the attributes");
    this.field.addEventListener("input", () => this.filter(list));
    this.prepend(this.field);
  }

  filter(list) {
    const word = this.field.value.trim().toLowerCase();
    for (const name of list.querySelectorAll(":scope > dt")) {
      const value = name.nextElementSibling;
      const says = !word || `${name.textContent} ${value.textContent}`.toLowerCase().includes(word);
      name.hidden = !says;
      value.hidden = !says;
    }
  }
}

customElements.define("fact-filter", FactFilter);
