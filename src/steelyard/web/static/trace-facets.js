// <trace-facets>: over a <details>. It stands open where there is room beside the list, and is counted only once it is open.
const ROOM = matchMedia("(min-width: 1000px)");

class TraceFacets extends HTMLElement {
  connectedCallback() {
    this.details = this.querySelector("details");
    this.details.addEventListener("toggle", () => this.count());
    this.fit = () => (this.details.open = ROOM.matches);
    ROOM.addEventListener("change", this.fit);
    this.fit();
  }

  disconnectedCallback() {
    ROOM.removeEventListener("change", this.fit);
  }

  count() {
    if (this.details.open && window.htmx) window.htmx.trigger(this.querySelector("#facets"), "facets");
  }
}

customElements.define("trace-facets", TraceFacets);
