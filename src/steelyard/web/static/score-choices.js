// <score-choices>: says how many judge calls will be made by what is ticked. Filling in a scorer's field ticks it.
class ScoreChoices extends HTMLElement {
  connectedCallback() {
    this.says = this.querySelector("[data-calls]");
    this.addEventListener("change", () => this.tell());
    this.addEventListener("input", (event) => this.typed(event.target));
    this.tell();
  }

  typed(field) {
    const box = field.closest(".choice")?.querySelector("input[type=checkbox]");
    if (!box || field === box) return;
    box.checked = field.value.trim() !== "";
    this.tell();
  }

  tell() {
    const [code, judges] = [...this.querySelectorAll("fieldset")].map((set) => set.querySelectorAll("input[type=checkbox]:checked").length);
    const traces = Number(this.dataset.traces);
    const calls = judges * traces;
    const verdicts = code * traces;
    const parts = [];
    if (calls) parts.push(`at least ${calls.toLocaleString("en")} judge calls, ${judges} a trace`);
    if (verdicts) parts.push(`${verdicts.toLocaleString("en")} verdicts by code`);
    this.says.textContent = parts.length ? `Will make ${parts.join(" and ")}.` : "Nothing is ticked.";
  }
}

customElements.define("score-choices", ScoreChoices);
