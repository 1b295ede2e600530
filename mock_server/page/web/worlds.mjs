// The list of all worlds, by which people find their own. Their keys are shortened: whoever knows a key owns its world.

import { fill, find, h } from "./element.mjs";
import { attempt } from "./notice.mjs";
import { row, rowHead, table } from "./prose.mjs";

/** Let a button open the list. */
export function bindWorlds(control) {
  find("worlds").addEventListener("click", () =>
    attempt(async () => {
      const { worlds } = await control.get("/worlds", { key: null });
      fill(
        find("worlds-list"),
        worlds.length ? tableOf(worlds, shortened(control.key)) : h("p", "There are no worlds yet."),
      );
      find("worlds-dialog").showModal();
    }),
  );
}

function tableOf(worlds, shown) {
  const names = Object.keys(worlds[0].items);
  return table(
    "Worlds, the last used first",
    ["Key", "Last used", ...names, "exchanges", "armed faults"],
    worlds.map(({ key, idle, items, exchanges, faults }) =>
      row([
        rowHead(h("code", key), key === shown && h("small", "as the one shown")),
        ago(idle),
        ...names.map((name) => items[name].toLocaleString("en")),
        exchanges.toLocaleString("en"),
        String(faults),
      ]),
    ),
    "worlds",
  );
}

/** Shorten a key as the mock does. */
function shortened(key) {
  return key.length > 8 ? `${key.slice(0, 6)}…${key.length}` : `${key.slice(0, 4)}…`;
}

function ago(seconds) {
  if (seconds < 5) return "now";
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}
