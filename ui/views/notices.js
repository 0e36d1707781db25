// @ts-check
import { noticeDismissed } from "../state/actions.js";
import { strings } from "../strings.js";
import { element, icon, iconButton } from "./dom.js";

const SHOWN_MS = 6000;

/**
 * Short messages over the canvas. Errors and notes stay until they are dismissed.
 * @param {HTMLElement} root
 * @param {import("../effects/generate.js").Store} store
 */
export function mountNotices(root, store) {
  const done = element("div", { id: "notice", class: "notice-place", role: "status" });
  const errors = element("div", { id: "notice-error", class: "notice-place", role: "alert" });
  root.append(done, errors);
  let timer = 0;

  store.observe((state) => state.notices.current, (notice) => {
    clearTimeout(timer);
    done.replaceChildren();
    errors.replaceChildren();
    if (!notice) return;
    const dismiss = () => store.dispatch(noticeDismissed(notice.key));
    const isError = notice.kind === "error";
    (isError ? errors : done).append(element("div", { class: `notice is-${notice.kind}` }, [
      icon(isError ? "warning" : "check"),
      element("div", { class: "notice-text" }, [
        element("p", { text: notice.message }),
        ...notice.notes.map((note) => element("p", { class: "notice-note", text: note })),
      ]),
      iconButton("close", strings.notices.dismiss, dismiss),
    ]));
    if (!isError && notice.notes.length === 0) timer = setTimeout(dismiss, SHOWN_MS);
  });
}
