// The islands: small custom elements over pages that can be read without any of them.
import "./theme-switch.js";
import "./copy-link.js";
import "./column-picker.js";
import "./row-selection.js";
import "./vega-chart.js";
import "./span-tree.js";
import "./row-keys.js";
import "./text-diff.js";
import "./swaps.js";
