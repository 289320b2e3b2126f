// <row-selection>: counts the runs that are ticked, says what the selection permits, and holds it between two and eight.
const LEAST = 2;
const MOST = 8;

class RowSelection extends HTMLElement {
  connectedCallback() {
    this.boxes = [...this.querySelectorAll('input[name="runs"]')];
    this.bar = this.querySelector("[data-bar]");
    if (!this.bar) return;
    this.button = this.bar.querySelector(".primary");
    this.clear = this.bar.querySelector("[data-clear]");
    this.clear.addEventListener("click", () => this.reset());
    this.addEventListener("change", () => this.tell());
    this.addEventListener("click", (event) => this.extend(event));
    this.tell();
  }

  // Shift and a click tick everything from the last click to here.
  extend(event) {
    const here = this.boxes.indexOf(event.target);
    if (here < 0) return;
    if (event.shiftKey && this.last !== undefined) {
      const [from, to] = [this.last, here].sort((a, b) => a - b);
      for (const box of this.boxes.slice(from, to + 1)) box.checked = event.target.checked;
    }
    this.last = here;
    this.tell();
  }

  reset() {
    for (const box of this.boxes) box.checked = false;
    this.tell();
    this.boxes[0]?.focus();
  }

  tell() {
    const chosen = this.boxes.filter((box) => box.checked);
    const digests = new Set(chosen.map((box) => box.dataset.digest));
    const right = chosen.length >= LEAST && chosen.length <= MOST;
    this.bar.querySelector("[data-count]").textContent = chosen.length ? `${chosen.length} selected` : "Select two to eight runs";
    this.bar.querySelector("[data-label]").textContent = chosen.length > 1 ? `Compare ${chosen.length}` : "Compare";
    this.bar.querySelector("[data-says]").textContent = this.sentence(chosen.length, digests);
    this.button.disabled = !right;
    this.bar.classList.toggle("idle", chosen.length === 0);
    this.clear.hidden = chosen.length === 0;
    for (const box of this.boxes) box.closest("tr").classList.toggle("on", box.checked);
  }

  sentence(count, digests) {
    if (count === 0) return "";
    if (count < LEAST) return "Select one more.";
    if (count > MOST) return `${MOST} can be compared at once; take ${count - MOST} out.`;
    if (digests.has("")) return "Some of them have no dataset, so that differences may not be paired.";
    if (digests.size > 1) return "They used different data: only rows that they share are paired.";
    return `Same dataset ${[...digests][0].slice(0, 8)}, so that every difference is paired.`;
  }
}

customElements.define("row-selection", RowSelection);
