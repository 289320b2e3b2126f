// <row-keys>: j and k lead to the next and the previous row, a agrees with and c corrects the verdict in hand: the one that
// has the focus, else the first that nobody has answered.
export class RowKeys extends HTMLElement {
  connectedCallback() {
    this.listen = (event) => this.key(event);
    document.addEventListener("keydown", this.listen);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.listen);
  }

  key(event) {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape") this.close(typing);
      return;
    }
    const does = this.does[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  }

  get does() {
    return {
      j: () => this.follow("next"),
      k: () => this.follow("prev"),
      a: () => this.press("[data-agree]"),
      c: () => this.correct(),
    };
  }

  follow(rel) {
    this.querySelector(`.actions a[rel="${rel}"]`)?.click();
  }

  get judged() {
    return document.activeElement.closest?.("[data-judged]") ?? this;
  }

  press(what) {
    (this.judged.querySelector(what) ?? this.querySelector(what))?.click();
  }

  correct() {
    this.unfold((this.judged.querySelector("[data-correct]") ?? this.querySelector("[data-correct]"))?.closest("details"));
  }

  unfold(details) {
    if (!details) return;
    details.open = true;
    details.scrollIntoView({ block: "nearest" });
    details.querySelector("input:not([type=hidden]), textarea")?.focus();
  }

  close(field) {
    const details = field.closest("details.correct");
    if (!details) return;
    details.open = false;
    details.querySelector("summary").focus();
  }
}

customElements.define("row-keys", RowKeys);
