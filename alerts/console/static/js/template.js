// Taking a template into a draft: its texts replace those of the same variant and language; nothing is saved by that.

import { announce, say } from "./dom.js";
import { explain, getJson } from "./net.js";

/** Wire the select in `root` (absent where there are no templates) to the boxes of texts. */
export function takeTemplates(root, texts, words) {
  if (!root) return;
  const select = root.querySelector("select");
  const note = root.querySelector("[data-template-note]");
  const undo = root.querySelector("[data-template-undo]");
  let before = null;

  const tell = (text, canUndo) => {
    note.textContent = text;
    undo.hidden = !canUndo;
    announce(text);
  };

  select.addEventListener("change", async () => {
    const url = select.value;
    if (!url) return;
    select.disabled = true;
    try {
      const template = await getJson(url);
      before = texts.values();
      const shown = Object.fromEntries(Object.entries(template.texts).filter(([key]) => texts.sections.has(texts.parts(key)[0])));
      texts.reset({ ...before, ...shown });
      tell(say(words.templateTaken, { name: template.name, version: template.version }), true);
    } catch (error) {
      tell(explain(error, words), false);
    } finally {
      select.disabled = false;
      select.value = "";
    }
  });

  undo.addEventListener("click", () => {
    texts.reset(before);
    tell(words.templateUndone, false);
    select.focus();
  });
}
