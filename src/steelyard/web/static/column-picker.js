// <column-picker>: over a <details> with checkboxes. Adds a field to find a column, and closes with Escape or a click outside.
const WORTH_FINDING = 8;

class ColumnPicker extends HTMLElement {
  connectedCallback() {
    this.details = this.querySelector("details");
    if (!this.details) return;
    this.items = [...this.querySelectorAll("li")];
    if (this.items.length > WORTH_FINDING && !this.querySelector("[data-find]")) this.addFinder();
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.details.open) return;
      event.stopPropagation();
      this.details.open = false;
      this.details.querySelector("summary").focus();
    });
    this.outside = (event) => {
      if (!this.contains(event.target)) this.details.open = false;
    };
    document.addEventListener("click", this.outside);
  }

  disconnectedCallback() {
    document.removeEventListener("click", this.outside);
  }

  addFinder() {
    const finder = document.createElement("input");
    finder.className = "in";
    finder.dataset.find = "";
    finder.placeholder = "Find a column";
    finder.setAttribute("aria-label", "Find a column");
    finder.autocomplete = "off";
    finder.addEventListener("input", () => this.find(finder.value.trim().toLowerCase()));
    finder.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    this.querySelector("ul").before(finder);
    this.details.addEventListener("toggle", () => this.details.open && finder.focus());
  }

  find(text) {
    for (const item of this.items) item.hidden = !item.textContent.toLowerCase().includes(text);
  }
}

customElements.define("column-picker", ColumnPicker);
