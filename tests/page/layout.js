// What is wrong with where things are: a list of sentences, empty when all is well. Run in the page by the tests.
return (() => {
  const faults = [];
  const dialog = [...document.querySelectorAll("dialog[open]")].pop();
  const root = dialog ?? document.body;
  const name = (node) => {
    const id = node.id ? `#${node.id}` : `.${[...node.classList].join(".")}`;
    return `${node.tagName.toLowerCase()}${id} “${(node.getAttribute("aria-label") ?? node.textContent ?? "").trim().slice(0, 40)}”`;
  };
  const seen = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !node.closest(".sr-only, option, [aria-hidden=true]");

  /** The part of a box that no ancestor hides. */
  function visible(rect, node) {
    let { left, top, right, bottom } = rect;
    for (let at = node.parentElement; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.position === "fixed") break;
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const box = at.getBoundingClientRect();
      if (style.overflowX !== "visible") [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      if (style.overflowY !== "visible") [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    return { left, top, right, bottom, width: right - left, height: bottom - top };
  }
  const scrolls = (node) => {
    for (let at = node.parentElement; at; at = at.parentElement) {
      if (["auto", "scroll"].includes(getComputedStyle(at).overflowY)) return at;
    }
    return null;
  };

  const controls = [...root.querySelectorAll("button, input, select, textarea, summary, a[href], [role=tab], [role=option], [role=slider]")]
    .filter((node) => seen(node) && node.getBoundingClientRect().width > 0);
  const boxes = controls.map((node) => ({ node, box: visible(node.getBoundingClientRect(), node) })).filter(({ box }) => box.width > 1 && box.height > 1);

  for (const { node, box } of boxes) {
    if (box.left < -0.5 || box.top < -0.5 || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5) faults.push(`outside of the window: ${name(node)}`);
    const whole = node.getBoundingClientRect();
    if (whole.width - box.width > 1 && !node.closest("[data-scrolls-sideways]")) faults.push(`cut off at its side: ${name(node)}`);
    if (whole.height - box.height > 1 && !scrolls(node)) faults.push(`cut off above or below: ${name(node)}`);
    if (Math.min(whole.width, whole.height) < 12 && !node.matches("input[type=radio], input[type=checkbox]")) faults.push(`too small to hit: ${name(node)}`);
  }

  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      if (a.node.contains(b.node) || b.node.contains(a.node)) continue;
      // A slider and the number that shows it may share a label, never a place.
      const width = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const height = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (width > 1 && height > 1 && !isOver(a, b)) faults.push(`over each other: ${name(a.node)} and ${name(b.node)}`);
    }
  }

  /** Whether one lies in something that floats over the other on purpose, such as a notice. */
  function isOver(a, b) {
    const float = (node) => node.closest(".notice, .recovery, [popover], [role=menu], .floats");
    // Two swatches lie over each other as in other programs.
    return float(a.node) !== float(b.node) || (a.node.matches(".swatch") && b.node.matches(".swatch"));
  }

  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !seen(node) || node.closest("script, style, textarea, canvas")) continue;
    // Names that people gave may be shortened; they are whole in a tip, or where they are edited.
    const shortened = node.closest("[data-shortens], .layer-name, .split-name, .recent-name, .recent-folder, .document-name, .select, select");
    if (shortened) continue;
    range.selectNodeContents(texts.currentNode);
    const whole = range.getBoundingClientRect();
    const box = visible(whole, texts.currentNode);
    const inside = box.width <= 1 || box.height <= 1;
    if (!inside && whole.width - box.width > 1.5) faults.push(`text is cut off: ${name(node)}`);
    const button = node.closest("button, [role=tab], .input, kbd");
    if (button) {
      const frame = button.getBoundingClientRect();
      if (whole.left < frame.left - 1 || whole.right > frame.right + 1 || whole.top < frame.top - 2 || whole.bottom > frame.bottom + 2) faults.push(`text sticks out: ${name(button)}`);
    }
  }

  for (const node of [document.body, ...root.querySelectorAll(".panel, .toolbar, .footer, .section, .dialog, .tabs")]) {
    if (seen(node) && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== "auto") faults.push(`wider than its place: ${name(node)}`);
  }
  return faults;
})();
