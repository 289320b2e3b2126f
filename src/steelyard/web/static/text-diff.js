// <text-diff>: over two texts side by side. Marks the words that only one of them has; texts that are too long or share
// hardly anything stay as they are.
const MOST = 1200;
const LEAST_SHARED = 0.25;

const words = (text) => text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];

// The longest common subsequence by its table of lengths, after what both begin and end with is taken off.
function common(a, b) {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [p, q] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const width = q.length + 1;
  const lengths = new Uint16Array((p.length + 1) * width);
  for (let i = p.length - 1; i >= 0; i -= 1) {
    for (let j = q.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      lengths[at] = p[i] === q[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
    }
  }
  const inBoth = [new Set(), new Set()];
  for (let i = 0; i < start; i += 1) inBoth.forEach((set) => set.add(i));
  for (let i = 1; i <= end; i += 1) {
    inBoth[0].add(a.length - i);
    inBoth[1].add(b.length - i);
  }
  for (let i = 0, j = 0; i < p.length && j < q.length;) {
    const at = i * width + j;
    if (p[i] === q[j]) {
      inBoth[0].add(start + i);
      inBoth[1].add(start + j);
      i += 1;
      j += 1;
    } else if (lengths[at + width] >= lengths[at + 1]) i += 1;
    else j += 1;
  }
  return inBoth;
}

function mark(element, parts, kept, tag) {
  const made = document.createDocumentFragment();
  for (let i = 0; i < parts.length;) {
    const same = kept.has(i);
    let text = "";
    while (i < parts.length && kept.has(i) === same) text += parts[i++];
    made.append(same || !text.trim() ? text : Object.assign(document.createElement(tag), { textContent: text }));
  }
  element.replaceChildren(made);
}

class TextDiff extends HTMLElement {
  connectedCallback() {
    const [before, after] = ["before", "after"].map((side) => this.querySelector(`[data-${side}]`));
    if (!before || !after) return;
    const [a, b] = [words(before.textContent), words(after.textContent)];
    if (!a.length || !b.length || a.length > MOST || b.length > MOST) return;
    const [inA, inB] = common(a, b);
    const said = (parts, kept) => [...kept].filter((i) => parts[i].trim()).length;
    if (said(a, inA) < LEAST_SHARED * Math.max(a.filter((w) => w.trim()).length, b.filter((w) => w.trim()).length)) return;
    mark(before, a, inA, "del");
    mark(after, b, inB, "ins");
    this.dataset.state = "marked";
  }
}

customElements.define("text-diff", TextDiff);
