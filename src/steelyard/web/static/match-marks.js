// Marks what was looked for in the lines of the tree and the details of the span, without touching what is in the page.
const MOST = 2000;

export function markMatches(place) {
  if (!globalThis.CSS?.highlights || !globalThis.Highlight) return;
  CSS.highlights.delete("found");
  const word = place.querySelector("span-tree")?.dataset.find.toLowerCase();
  if (!word) return;
  const ranges = [];
  for (const part of place.querySelectorAll("[data-lines] a.clip, #span")) {
    const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    while (ranges.length < MOST && texts.nextNode()) mark(texts.currentNode, word, ranges);
  }
  CSS.highlights.set("found", new Highlight(...ranges));
}

function mark(node, word, ranges) {
  const text = node.data.toLowerCase();
  if (text.length !== node.data.length) return;
  for (let at = text.indexOf(word); at >= 0 && ranges.length < MOST; at = text.indexOf(word, at + word.length)) {
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    ranges.push(range);
  }
}
