// Short messages at the foot of the window, one at a time, read aloud by a screen reader. They move nothing else on the page.

import { find, h } from "./element.mjs";

const SHOWN = 6000;
const OFFERED = 60_000;

/** Show a message. `action` may be `{label, act}`, a button beside it such as Undo; the message then stays a minute. */
export function notice(sentence, action = null) {
  show(action ? "notice offer" : "notice", sentence, action);
}

/** Show an error. It stays until the user or the returned function closes it. */
export function trouble(error) {
  return show("notice bad", error.message, null);
}

/** Take back what was offered: the world that it was about is not shown any more. */
export function withdrawOffer() {
  find("notices").querySelector(".offer")?.remove();
}

/** Do something that may be refused, and show the refusal. Return whether it succeeded. */
export async function attempt(act) {
  try {
    await act();
    return true;
  } catch (error) {
    trouble(error);
    return false;
  }
}

function show(look, sentence, action) {
  const close = () => box.remove();
  const box = h(
    "p",
    { class: look },
    h("span", sentence),
    action &&
      h(
        "button",
        {
          type: "button",
          click: () => {
            close();
            action.act();
          },
        },
        action.label,
      ),
    h("button", { type: "button", class: "quiet", "aria-label": "Close this message", click: close }, "×"),
  );
  find("notices").replaceChildren(box);
  if (look !== "notice bad") setTimeout(close, action ? OFFERED : SHOWN);
  return close;
}
