// <turn-keys>: j and k lead to the next and the previous turn of a conversation, Enter opens its trace.
class TurnKeys extends HTMLElement {
  connectedCallback() {
    this.listen = (event) => this.key(event);
    document.addEventListener("keydown", this.listen);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.listen);
  }

  key(event) {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      this.move(event.key === "j" ? 1 : -1);
    } else if (event.key === "Enter" && event.target.matches?.("[data-turn]")) {
      event.target.querySelector("[data-open]")?.click();
    }
  }

  move(by) {
    const turns = [...this.querySelectorAll("[data-turn]")];
    const at = turns.indexOf(document.activeElement.closest?.("[data-turn]"));
    const next = turns[at < 0 ? this.near(turns) : Math.min(turns.length - 1, Math.max(0, at + by))];
    if (!next) return;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: next.offsetHeight > innerHeight * 0.8 ? "start" : "nearest" });
  }

  // The first turn that is in view.
  near(turns) {
    return Math.max(0, turns.findIndex((turn) => turn.getBoundingClientRect().bottom > 80));
  }
}

customElements.define("turn-keys", TurnKeys);
